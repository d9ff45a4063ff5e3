"""Tables that are right, for tests to spoil."""

UMBREIT = """
[account.umbreit]
supplier = "umbreit"
host = "ftp.umbreit.example"
user = "shop"
password = { file = "/etc/syncd/umbreit" }
tls = "explicit"
customers = ["900900", "900901"]
"""

CB = """
[account.cb]
supplier = "cb"
user = "1234567"
password = { credential = "cb" }
"""

FOLDER = """
[sink.folder]
type = "directory"
path = "/srv/in"
"""
