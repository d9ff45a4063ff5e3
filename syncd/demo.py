"""The demonstration: two simulated houses, the real daemon, a checked table."""
