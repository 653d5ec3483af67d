"""The command line: what is typed, what is shown, and which adapters are used."""
