"""Reading a sink's secret: what is wrong with it concerns one delivery, and is mended while the daemon runs."""

from syncd.errors import ConfigError, SinkError
from syncd.secret import Secret


def read(secret: Secret) -> str:
    """Return a secret as it is now; raise SinkError where it is missing, empty or exposed."""
    try:
        return secret.read()
    except ConfigError as error:
        raise SinkError(str(error), remedy=error.remedy) from error
