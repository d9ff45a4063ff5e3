"""The sink every shop understands: a folder."""
