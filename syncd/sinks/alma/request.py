"""The form of a request: the fields after the address (`query`), as a form, or in a template. Pure.

Axiell's page does not say which of them the web service understands, nor what it calls the fields. So every form is
unverified, and a setting.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Template
from urllib.parse import urlencode
from xml.sax.saxutils import escape

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, byte for byte; the client adds Host and Content-Length."""

    method: str
    target: str
    """Path and query, as the endpoint has them."""
    headers: Mapping[str, str]
    body: bytes = b""

    def shown(self, host: str) -> str:
        """Return it as text, for people."""
        head = [f"{self.method} {self.target} HTTP/1.1", f"Host: {host}"]
        head += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\n".join([*head, *(["", self.body.decode()] if self.body else [])])


def split_endpoint(endpoint: str) -> tuple[str, str]:
    """Return host (with its port) and target of an address, both byte for byte."""
    host, slash, target = endpoint.partition("://")[2].partition("/")
    return host, slash + target


def as_query(endpoint: str, pairs: Mapping[str, str], headers: Mapping[str, str]) -> Request:
    """Put the fields behind the address, and ask with GET."""
    _, target = split_endpoint(endpoint)
    joint = "" if target.endswith(("?", "&")) else "&" if "?" in target else "?"
    return Request("GET", f"{target}{joint}{urlencode(pairs)}", headers)


def as_form(endpoint: str, pairs: Mapping[str, str], headers: Mapping[str, str]) -> Request:
    """Post the fields as a form."""
    body = urlencode(pairs).encode()
    return Request("POST", split_endpoint(endpoint)[1], {"Content-Type": FORM, **headers}, body)


def as_template(endpoint: str, template: str, values: Mapping[str, str], headers: Mapping[str, str]) -> Request:
    """Post a template with the values in it, written as its Content-Type wants. Raises KeyError and ValueError."""
    write = escaping(headers["Content-Type"])
    body = Template(template).substitute({name: write(value) for name, value in values.items()}).encode()
    return Request("POST", split_endpoint(endpoint)[1], headers, body)


def escaping(content_type: str) -> Callable[[str], str]:
    """Return how a value is written inside XML, inside a string of JSON, or as it is."""
    if "xml" in content_type.lower():
        return lambda value: escape(value, {'"': "&quot;", "'": "&apos;"})
    if "json" in content_type.lower():
        return lambda value: json.dumps(value, ensure_ascii=False)[1:-1]
    return str
