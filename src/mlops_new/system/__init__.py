"""This machine: git, files, processes, and what the environment says."""
