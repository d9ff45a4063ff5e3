"""The sink for SQLite and PostgreSQL."""
