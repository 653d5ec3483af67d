"""Whether a template repository renders, in every combination of answers, what it should."""
