"""syncd: a scheduled FTP/FTPS sync daemon for the book trade."""

__version__ = "0.1.0"
