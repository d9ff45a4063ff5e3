"""`syncd demo`: an invented shop, two simulated wholesalers on loopback, and the real daemon between them.

`shop` writes the shop's folder, `play` lets the daemon work and watches, `stage` shows it, `checks` asks the sinks and
the houses' own books afterwards whether every line of the table is true. Nothing of the daemon is replaced: it runs as
a process of its own, from a configuration file that lies in the folder for everybody to read.
"""
