"""Settings become what the jobs work with: an account, its availability query, its watch list.

Passwords are not read here, but at each login.
"""

from syncd import log
from syncd.config import AccountSettings, OlaSettings
from syncd.formats.ola_session import Login
from syncd.jobs.base import Account
from syncd.jobs.ola import OlaAccount
from syncd.jobs.watch import Watch
from syncd.suppliers.rules import Encryption
from syncd.transport.base import Endpoint
from syncd.transport.ola import OlaEndpoint, connect


def make_account(settings: AccountSettings) -> Account:
    """Turn an account's settings into what the jobs work with; the password is read at each login."""

    def endpoint(commands: frozenset[str]) -> Endpoint:
        password = settings.password.read()
        log.hide(password)
        return Endpoint(
            host=settings.host,
            port=settings.port,
            user=settings.user,
            password=password,
            encryption=settings.tls,
            tls_minimum=settings.supplier.tls.minimum,
            ca_file=str(settings.ca_file) if settings.ca_file else None,
            strict_tls_end=settings.strict_tls_end,
            passive_ports=settings.supplier.passive_ports,
            longest_transfer=settings.longest_visit.total_seconds(),
            commands=commands,
        )

    return Account(
        name=settings.name,
        supplier=settings.supplier,
        endpoint=endpoint,
        inbound=settings.inbound,
        outbound=settings.supplier.outbound,
        login_interval=settings.login_interval.total_seconds(),
        longest_visit=settings.longest_visit.total_seconds(),
        customers=frozenset(settings.customers) or None,
        relation_id=settings.relation_id,
        outbox=settings.outbox,
        sinks=settings.sinks,
        guard=settings.guard,
        lease=settings.lease,
        late_after=settings.late_after,
        event_sinks=settings.event_sinks,
        unanswered_after=settings.unanswered_after,
    )


OLA_IN_CLEAR = "OLA speaks telnet: its password and questions travel in clear"


def tls_exceptions(settings: AccountSettings) -> tuple[str, ...]:
    """Say where an account's connections are less safe than they could be, and why; `syncd status` shows it."""
    if settings.tls is Encryption.NONE:
        return ('tls = "none" is set: password and orders travel in clear; only a contract can ask for that',)
    found = []
    if settings.supplier.tls.reason:
        found.append(f"below 1.2 is allowed: {settings.supplier.tls.reason}")
    if not settings.strict_tls_end:
        found.append("strict_tls_end = false is set: a download that was cut short may pass for whole")
    return tuple(found)


def make_ola(settings: AccountSettings) -> OlaAccount | None:
    """Return the account's availability query; None where it has none."""
    ola, rules = settings.ola, settings.supplier.ola
    if ola is None or rules is None:
        return None
    return OlaAccount(settings.name, ola.customer, lambda: _ola_endpoint(ola), rules.silence, connect)


def make_watch(settings: AccountSettings, account: Account) -> Watch | None:
    """Return the account's watch list; None where it has none."""
    asking, ola = make_ola(settings), settings.ola
    if asking is None or ola is None or ola.watch is None:
        return None
    return Watch(account, asking, ola.watch, ola.schedule, ola.watch_price)


def _ola_endpoint(ola: OlaSettings) -> OlaEndpoint:
    password = ola.password.read()
    log.hide(password)
    login = Login(ola.user, password, ola.login_prompt, ola.password_prompt)
    return OlaEndpoint(ola.host, ola.port, login, window=ola.window)
