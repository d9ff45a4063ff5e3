"""The border: what sockets, TLS and aioftp raise becomes one of our errors, here and nowhere else."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import aioftp

from syncd.errors import ConnectionLostError, ProtocolError, SyncdError, TimedOutError, TlsError

_AGAIN = "the next visit tries again"
_TLS = "check the host name, the supplier's TLS versions, and the CA file or pinned certificate of this account"
_BROKEN = "the server broke the protocol; show it to the supplier"


@contextmanager
def translated(doing: str, late: str = "no answer in time") -> Iterator[None]:
    """Turn what sockets, TLS and aioftp raise into our errors: `doing` opens the message, `late` ends a timeout's."""
    try:
        yield
    except SyncdError:
        raise
    except TimeoutError as error:
        raise TimedOutError(f"{doing}: {late}", remedy=_AGAIN) from error
    except ssl.SSLError as error:
        raise TlsError(f"{doing}: no acceptable TLS: {_reason(error)}", remedy=_TLS) from error
    except (OSError, EOFError) as error:
        said = str(error) or type(error).__name__
        raise ConnectionLostError(f"{doing}: {said}", remedy=_AGAIN) from error
    except (aioftp.AIOFTPException, ValueError) as error:
        raise ProtocolError(f"{doing}: {error}", remedy=_BROKEN) from error


def _reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused: {error.verify_message}"
    return error.reason or str(error)
