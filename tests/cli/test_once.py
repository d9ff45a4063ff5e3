"""The exit status of `syncd once`: what needs a person most is never hidden by what went well."""

import asyncio

import pytest
from click.testing import CliRunner

from syncd import app, app_people
from syncd.cli import syncd
from syncd.cli.once import worst
from syncd.config import load
from tests.jobs.shop import open_shop, order

ORDER, OTHER = "S_900900_20261121101112", "S_900900_20261121101113"


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


async def test_an_outbox_that_nobody_can_read_does_not_keep_status_from_what_else_there_is_to_tell(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.drop(b"no order")
        await shop.once("umbreit")
        text = shop.config.read_text()
        for unreadable in (f"{shop.outbox}/{'x' * 300}", shop.config, tmp_path / "unmounted"):
            shop.config.write_text(text.replace(f'"{shop.outbox}"', f'"{unreadable}"'))
            found = await asyncio.to_thread(CliRunner().invoke, syncd, ["status", "--config", str(shop.config)])
            assert found.exception is None
            assert f"{ORDER} was refused and not sent" in found.stdout
            assert "the outbox cannot be read, 1 file in quarantine" in found.stdout


async def test_what_becomes_of_an_order_in_the_visit_is_told_and_one_put_aside_there_is_an_exit_status(tmp_path):
    async with open_shop(tmp_path) as shop:
        arguments = ["once", "umbreit", "--config", str(shop.config)]
        await shop.once("umbreit")
        app.pause(load(shop.config), "umbreit", "they move house")
        shop.drop()
        shop.drop(order(("9783442756841", 1), reference="other"), OTHER)
        await shop.once("umbreit")
        (lost, _) = sorted((tmp_path / "state" / "spool" / "out").iterdir())
        lost.unlink()
        app.resume(load(shop.config), "umbreit")
        found = await asyncio.to_thread(CliRunner().invoke, syncd, arguments)
        assert found.exit_code == 5
        assert f"umbreit: {ORDER} quarantined: its bytes are gone" in found.output
        assert f"umbreit: {OTHER} sent\n" in found.output
        shown = app_people.show(load(shop.config), 1)
        assert shown[1] is None
