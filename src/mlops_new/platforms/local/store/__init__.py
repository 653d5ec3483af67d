"""Objects as files of this machine."""
