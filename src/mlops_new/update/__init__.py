"""Bringing projects to a template version: decided here, merged in scratch, proposed on the Git host."""
