"""Templates: where they come from, their versions, their answers, and how they are checked and published."""
