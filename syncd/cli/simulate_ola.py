"""`syncd simulate ola`: Umbreit's availability query on this machine."""

import random
from datetime import UTC, datetime

from syncd.cli.stay import Stay
from syncd.simulate.ola import OlaHouse, parse_faults


class OlaStay(Stay):
    """One opening of OLA's house."""

    def open(self, password: str) -> OlaHouse:
        """Make the house. Raises UsageError for a fault that does not exist."""
        manners, faults = parse_faults(self.faults)
        return OlaHouse(
            {self.user: password},
            clock=lambda: datetime.now(UTC),
            rng=random.SystemRandom(),
            port=self.port,
            manners=manners,
            faults=faults,
        )

    def account(self, port: int) -> str:
        """Write the table for an account of syncd's configuration."""
        lines = ("[account.umbreit.ola]", 'host = "127.0.0.1"', f"port = {port}", f'user = "{self.user}"')
        return "\n".join([*lines, f'password = {{ file = "{self.password_file}" }}'])
