"""One project: what should exist, what does, the plan between them, and performing it."""
