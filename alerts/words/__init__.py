"""Alerts as words, for each family of channel: pure but for the templates that are read."""
