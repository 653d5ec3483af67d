"""What an organisation or a person has set: a file, the environment, flags."""
