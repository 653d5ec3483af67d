"""Whether an account and its credentials allow what runs need."""
