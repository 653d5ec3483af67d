"""Where repositories are kept: Git hosts."""
