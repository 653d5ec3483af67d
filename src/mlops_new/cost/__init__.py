"""What a run can cost at most, told from its definition and prices. Pure."""
