"""One whole round against the houses: orders out, answers and stock in, everything delivered once."""

import pytest

from syncd import app
from syncd.config import load
from syncd.errors import UsageError
from tests.jobs.shop import TWO, open_shop, order, stock


async def test_an_order_goes_out_once_and_its_answers_come_in(tmp_path):
    async with open_shop(tmp_path) as shop:
        dropped = shop.drop()
        first = await shop.once("umbreit")
        assert [taken.content for taken in shop.umbreit.orders] == [order(*TWO)]
        assert not dropped.exists()
        assert not first["umbreit"].errors
        assert shop.states("S_900900_20261121101112")[0] in ("sent", "confirmed")

        await shop.answered()
        assert len(shop.raw()) == 2
        assert shop.states("S_900900_20261121101112") == ["confirmed"]
        despatched = [record for record in shop.records() if record.get("bookable")]
        assert [(record["article"], record["quantity"]) for record in despatched] == [("9783442756841", 2)]

        await shop.once("umbreit")
        assert len(shop.umbreit.orders) == 1
        assert shop.umbreit.violations == []
        assert shop.status().word == "ok"


async def test_an_order_takes_seven_commands_and_a_download_two(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.drop()
        await shop.once("umbreit")
        verbs = [command.verb for command in shop.umbreit.commands]
        upload = verbs[verbs.index("CWD") + 1 : verbs.index("RNTO") + 1]
        assert upload == ["TYPE", "PASV", "STOR", "TYPE", "SIZE", "RNFR", "RNTO"]
        for number in range(3):
            shop.umbreit.out("900900")[f"R_9009001000000000{number:06d}"] = b"not an answer\r\n"
        before = len(shop.umbreit.commands)
        await shop.once("umbreit")
        verbs = [command.verb for command in shop.umbreit.commands[before:]]
        wanted = [verb for verb in verbs[verbs.index("MLSD") + 1 : -1] if verb != "TYPE"]
        assert wanted == ["PASV", "RETR"] * (len(wanted) // 2)
        assert len(wanted) >= 6
        assert verbs.count("TYPE") == 1


async def test_what_else_lies_in_the_directory_costs_nothing(tmp_path):
    async with open_shop(tmp_path) as shop:
        for number in range(50):
            shop.umbreit.out("900900")[f"other-{number}.txt"] = b"not ours"
        await shop.once("umbreit")
        verbs = [command.verb for command in shop.umbreit.commands]
        assert verbs == ["USER", "PASS", "CWD", "PASV", "MLSD", "QUIT"]


async def test_a_stock_list_comes_and_the_server_has_deleted_it(tmp_path):
    async with open_shop(tmp_path) as shop:
        name = shop.cb.publish_stock(stock(20))
        content = shop.cb.out("shop")[name]
        tours = await shop.once("cb")
        assert shop.raw("*.bhd") == {name: content}
        assert name not in shop.cb.out("shop")
        assert len(shop.records("*.bhd")) == 20
        assert tours["cb"].visit.tls_version == "TLSv1"
        assert shop.cb.violations == []


async def test_an_older_stock_list_that_comes_late_is_kept_and_not_handed_over(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.cb.publish_stock(stock(3), name="new.bhd")
        await shop.once("cb")
        content = shop.raw("new.bhd")["new.bhd"]
        shop.cb.out("shop")["old.bhd"] = content.replace(b"#000420", b"#000419")
        await shop.once("cb")
        assert set(shop.raw("*.bhd")) == {"new.bhd"}
        assert shop.states("old.bhd") == ["done"]


async def test_other_files_at_cb_are_read_only_when_the_shop_asks_for_them(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.cb.out("shop")["receipt.txt"] = b"whatever it means\r\n"
        name = shop.cb.publish_stock(stock())
        await shop.once("cb")
        assert list(shop.raw()) == [name]
        assert "receipt.txt" in shop.cb.out("shop")
        shop.write_config(cb='channels = ["stock", "raw"]')
        second = shop.cb.publish_stock(stock(6))
        await shop.once("cb")
        assert set(shop.raw()) == {name, second, "receipt.txt"}
        assert shop.states(second) == ["done"]
        assert len(shop.records("*.bhd")) == 11


async def test_an_order_to_cb_goes_under_its_own_name_and_is_never_renamed(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.drop(b"anything\r\n", "order-1.txt", tmp_path / "outbox-cb")
        await shop.once("cb")
        assert [(taken.name, taken.content) for taken in shop.cb.orders] == [("order-1.txt", b"anything\r\n")]
        assert shop.states("order-1.txt") == ["sent"]
        assert shop.cb.violations == []


async def test_line_feeds_alone_become_cr_lf_on_the_wire(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.drop(order(*TWO).replace(b"\r\n", b"\n").rstrip(b"\n"))
        await shop.once("umbreit")
        assert [taken.content for taken in shop.umbreit.orders] == [order(*TWO)]


async def test_a_server_that_stores_text_with_line_feeds_proves_the_size_too(tmp_path):
    async with open_shop(tmp_path, umbreit={"newline": "lf"}) as shop:
        shop.drop()
        await shop.answered()
        assert shop.states("S_900900_20261121101112") == ["confirmed"]


async def test_files_are_removed_after_they_were_accepted_where_the_account_says_so(tmp_path):
    async with open_shop(tmp_path, config={"umbreit": 'consume = "we-remove"'}) as shop:
        shop.drop()
        shop.umbreit.out("900900")["R_900900M1000000001"] = b"broken\r\n"
        for _ in range(50):
            await shop.once("umbreit")
            if len(shop.raw()) == 2 and len(list(shop.umbreit.out("900900"))) == 1:
                break
        assert list(shop.umbreit.out("900900")) == ["R_900900M1000000001"]
        assert shop.umbreit.violations == []


async def test_the_same_goods_under_another_name_are_handed_over_once(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.drop(order(("9783442756841", 2)))
        await shop.answered()
        ((name, content),) = shop.umbreit.out("900900").items()
        shop.umbreit.out("900900")[name[:-6] + "999999"] = content
        await shop.once("umbreit")
        assert len([record for record in shop.records() if record["bookable"]]) == 1
        assert len(shop.raw()) == 2


async def test_dot_files_drafts_and_links_in_the_outbox_are_left_alone(tmp_path):
    async with open_shop(tmp_path) as shop:
        for name in (".S_900900_20261121101112", "S_900900_20261121101113.tmp", "S_900900_20261121101114.TMP"):
            (shop.outbox / name).write_bytes(order(*TWO))
        (shop.outbox / "S_900900_20261121101115").symlink_to(shop.outbox / name)
        await shop.once("umbreit")
        assert shop.umbreit.orders == []
        assert len(list(shop.outbox.iterdir())) == 4


async def test_an_unknown_account_is_an_error_that_names_the_known_ones(tmp_path):
    async with open_shop(tmp_path) as shop:
        with pytest.raises(UsageError, match="there is no account nobody") as error:
            await app.once(load(shop.config), ["nobody"])
        assert "umbreit, cb" in error.value.remedy
