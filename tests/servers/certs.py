"""Certificates for servers on loopback, from an authority made for the test run."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certificate:
    """Files in PEM: the authority, and the server's certificate and key."""

    ca: Path
    certificate: Path
    key: Path


@cache
def authority() -> trustme.CA:
    """Return the authority of this run."""
    return trustme.CA()


def issue(directory: Path, *names: str) -> Certificate:
    """Write a certificate for 127.0.0.1 and localhost (or other names) and its key."""
    made = Certificate(directory / "ca.pem", directory / "cert.pem", directory / "key.pem")
    authority().cert_pem.write_to_path(made.ca)
    issued = authority().issue_cert(*(names or ("127.0.0.1", "localhost")))
    issued.private_key_pem.write_to_path(made.key)
    made.key.chmod(0o600)
    for position, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(made.certificate, append=position > 0)
    return made
