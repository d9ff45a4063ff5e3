"""Logging: one canonical line for each interchange and step."""
