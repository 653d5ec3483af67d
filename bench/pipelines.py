"""What the embedded platform costs: its runner over the jobs themselves, its batch transform over one process."""
