"""Processes of this machine that end when they should."""
