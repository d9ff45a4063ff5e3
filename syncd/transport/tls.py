"""Which TLS context a supplier gets: one per session, verification always on, the minimum version always said.

A supplier that still speaks TLS 1.0 gets OpenSSL's security level 0 with `DEFAULT` ciphers: `ALL` would offer suites
without any certificate. No maximum is set, so the day such a supplier upgrades needs no change here. The minimum is
named on every context, because some distributions set none and then level 0 alone would let TLS 1.0 in.
"""

import ssl

from syncd.errors import ConfigError

MINIMA = {
    "1.0": ssl.TLSVersion.MINIMUM_SUPPORTED,  # SSL 3 is off in every default context; `TLSv1` would warn
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
_LEGACY_SERVER_CONNECT = getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)  # named from Python 3.12


def context(minimum: str, ca_file: str | None) -> ssl.SSLContext:
    """Build a client context for one session: at least TLS `minimum` ("1.0", "1.2", "1.3").

    `ca_file` replaces the system's authorities: a PEM file with a CA, or with the one certificate that is taken
    (pinned; RFC 5280's chain then ends there). Raises ConfigError for an unreadable file or an unknown minimum.
    """
    if minimum not in MINIMA:
        raise ConfigError(f"unknown TLS minimum {minimum!r}", remedy=f"choose one of {', '.join(MINIMA)}")
    try:
        made = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one: the file holds no certificate
        raise ConfigError(
            f"cannot read the CA file {ca_file}: {error}",
            remedy="name a readable PEM file with the supplier's CA or certificate",
        ) from error
    made.minimum_version = MINIMA[minimum]
    made.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # Debian 12's Python sets it: an end without close_notify looks good
    if minimum == "1.0":
        made.set_ciphers("DEFAULT:@SECLEVEL=0")
        made.options |= _LEGACY_SERVER_CONNECT
    if ca_file is not None:
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        made.verify_flags &= ~ssl.VERIFY_X509_STRICT  # on by default from Python 3.13; private CAs seldom satisfy it
    return made
