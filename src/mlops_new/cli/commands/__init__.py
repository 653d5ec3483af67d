"""What each command does: ask, decide, act, tell."""
