"""Which TLS context a supplier gets."""
