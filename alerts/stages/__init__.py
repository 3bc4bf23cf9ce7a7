"""The stages of an alert's way to a target: pure functions, one a file."""
