"""What may stand in every `[sink.NAME]`, whichever type it is: the terms of its deliveries, which syncd keeps itself.

A sink's own class never sees these keys. A new one is a field here and in `syncd.sinks.base.Terms`.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from syncd.config.table import Table
from syncd.config.units import Duration
from syncd.sinks.base import Terms


def _positive(limit: timedelta) -> timedelta:
    if not limit:
        raise ValueError("should be longer than 0s: every delivery would be cut off")
    return limit


class TermsTable(Table):
    """The terms on which a sink gets its deliveries."""

    tries: Annotated[int, Field(ge=1)] = Terms.tries
    """How often a file is tried that the sink does not take while it takes others; then it is a dead letter."""
    time_limit: Annotated[Duration, Field(validate_default=False), AfterValidator(_positive)] = Terms.time_limit
    """How long one delivery may take; then it is cut off, and tried again."""

    delta: bool = Terms.delta
    """`true`: of a stock list only what changed since the one that the sink took last."""
    events: bool = Terms.events
    """`true`: hand over what becomes of each order line, too."""

    def terms(self) -> Terms:
        """Return them as the jobs want them."""
        return Terms(**dict(self))


def divided(table: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the keys of a table that are every sink's, and those of its own class."""
    common = {key: value for key, value in table.items() if key in TermsTable.model_fields}
    return common, {key: value for key, value in table.items() if key not in common and key != "type"}
