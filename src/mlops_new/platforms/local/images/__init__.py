"""Images of this machine: files of a repository, and a Python environment."""
