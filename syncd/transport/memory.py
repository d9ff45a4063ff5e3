"""The in-memory server and its session: the fake that ships."""
