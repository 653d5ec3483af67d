"""Running an execution: which step is next, with which arguments, and how it ended."""
