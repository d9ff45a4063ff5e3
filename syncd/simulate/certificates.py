"""Certificates for houses that speak TLS: a certificate authority of one afternoon, made by trustme."""

import ssl
import warnings
from dataclasses import dataclass
from typing import Any

from syncd.errors import UsageError
from syncd.simulate.wire import WatchedSSLObject

VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


@dataclass(frozen=True)
class Certificate:
    """A server certificate for loopback and the authority that signed it."""

    ca_pem: bytes
    issued: Any
    """trustme's LeafCert; it is an optional package without types."""

    def context(self, versions: tuple[str, str]) -> ssl.SSLContext:
        """Make a server's TLS context that speaks the versions from the first to the second."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # Debian 12's Python sets it
        context.sslobject_class = WatchedSSLObject
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0 is what the supplier speaks
            context.minimum_version = VERSIONS[versions[0]]
            context.maximum_version = VERSIONS[versions[1]]
        if versions[0] < "1.2":
            context.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL 3 knows TLS 1.0 at level 0 only
        self.issued.configure_cert(context)
        return context


def make_certificate(*names: str) -> Certificate:
    """Make a certificate for these names, by default for loopback; raises UsageError without trustme."""
    try:
        import trustme
    except ImportError as missing:
        raise UsageError(
            "a simulated house that speaks TLS needs the package trustme",
            remedy="Install it with `pip install 'syncd[simulate]'`.",
        ) from missing
    authority = trustme.CA(organization_name="syncd simulated house")
    issued = authority.issue_cert(*(names or ("localhost", "127.0.0.1", "::1")))
    return Certificate(ca_pem=authority.cert_pem.bytes(), issued=issued)
