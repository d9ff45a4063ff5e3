"""The allow-list of commands."""
