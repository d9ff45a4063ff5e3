"""What is wrong with a URL of the configuration: a secret where a client looks for one, a port that is none."""

import re
from urllib.parse import parse_qsl, urlsplit

SECRETS = ("password", "passwd", "secret", "token", "scram")
"""Parts of the names of secrets, such as libpq's `sslpassword` and `scram_client_key`."""

_LOGIN = re.compile(r"[^:/]*://[^:/]*:[^@]*@")
"""As SQLAlchemy reads a password: to the first @, whatever stands before it."""


def holds_secret(url: str) -> bool:
    """Tell whether a password stands before the @ of a URL, or a secret in its query."""
    keys = [key.lower() for key, _ in parse_qsl(url.partition("?")[2], keep_blank_values=True)]
    return bool(_LOGIN.match(url)) or any(name in key for name in SECRETS for key in keys)


def has_sound_port(url: str) -> bool:
    """Tell whether the port of a URL, if it has one, is a number up to 65535."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def without_query(url: str) -> str:
    """Return what messages may show of a URL that holds no secret before its query."""
    return re.split("[?#]", url, maxsplit=1)[0]
