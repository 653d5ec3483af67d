"""Checks of data, model and attributions: the same for every tabular model; thresholds are in config.toml."""
