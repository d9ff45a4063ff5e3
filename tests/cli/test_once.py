"""The exit status of `syncd once`: what needs a person most is never hidden by what went well."""

import asyncio

import pytest
from click.testing import CliRunner

from syncd.cli import syncd
from syncd.cli.once import worst
from tests.jobs.shop import open_shop


@pytest.mark.parametrize(
    ("statuses", "status"),
    [([], 0), ([0, 0], 0), ([0, 3], 3), ([2, 0], 2), ([3, 2], 2), ([3, 1], 1), ([5, 2], 5), ([4, 5], 4), ([0, 7], 7)],
)
def test_the_worst_counts(statuses, status):
    assert worst(statuses) == status


async def _config_without_outbox(folder):
    async with open_shop(folder) as shop:
        shop.outbox.rmdir()
        return shop.config


def test_a_missing_outbox_is_an_exit_status(tmp_path):
    config = asyncio.run(_config_without_outbox(tmp_path))
    found = CliRunner().invoke(syncd, ["once", "umbreit", "--dry-run", "--offline", "--config", str(config)])
    assert found.exit_code == 2
    assert "mkdir -p" in found.output
