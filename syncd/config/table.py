"""What the tables of the configuration have in common: fixed keys, and patterns that can say what they demand."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

NAME = r"^[a-z0-9]+([_-][a-z0-9]+)*$"
CUSTOMER = r"^[0-9]{6}$"
RELATION = r"^[0-9]{7,13}$"
HOST = r"^[A-Za-z0-9.:_-]*$"
USER = r"^[^\x00-\x1f\x7f]+$"
DATABASE = r"^postgres(ql)?(\+psycopg)?://"
PATTERNS = {
    NAME: "a name of small letters and digits, with single - or _ between them",
    CUSTOMER: "a customer number: six digits",
    RELATION: "a relation number: 7 to 13 digits",
    HOST: "the name or the address of a server, without a port",
    USER: "a name without control characters",
    DATABASE: 'a PostgreSQL URL such as "postgresql://syncd@db.example/syncd" (or none, for SQLite)',
}
"""What a pattern demands, in words."""


def _path(path: Path) -> Path:
    path = path.expanduser()
    if not path.is_absolute():
        raise ValueError("should be an absolute path, or begin with ~/")
    return path


AbsolutePath = Annotated[Path, AfterValidator(_path)]


class Table(BaseModel):
    """A table with fixed keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, validate_default=True)
