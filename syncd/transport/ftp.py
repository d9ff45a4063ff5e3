"""The real session, on aioftp."""
