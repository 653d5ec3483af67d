"""The registry: one SQLite file with pipelines, executions, models and tags."""
