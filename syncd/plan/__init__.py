"""What to do next, as pure decisions: never an effect, never a clock of its own.

The jobs learn both sides (journal and server), ask here, and run what comes back. Everything that must never be got
wrong is decided here: whether a file is new (`inbound`), whether an order may be sent again (`outbound`), what a person
must see first (`guards`), how a sink gets a list (`handing`), whether a login is allowed (`times`).
"""
