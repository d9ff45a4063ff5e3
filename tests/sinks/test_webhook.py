"""The webhook: the contract against a real HTTP server, and what each answer means."""

import base64
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trustme

from syncd.errors import ConfigError, SinkError, SinkRefusedError
from syncd.log import blacked
from syncd.sinks import open_sink
from syncd.sinks.http import retry_after
from syncd.sinks.parts import Part
from syncd.sinks.webhook import signed
from tests.sinks.batches import batch_of
from tests.sinks.contract import NetworkContract, deliver, lines_of, opened
from tests.sinks.endpoint import SECRET, Endpoint, Reply

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"url": "http://shop.example.org/in"}, "url.*https"),
    ({"url": "http://127.0.0.1.example.org/in"}, "url.*https"),
    ({"url": "https://user:geheim@shop.example.org/in"}, "url.*login"),
    ({"url": "ftp://127.0.0.1/in"}, "url"),
    ({"url": "https:///in"}, "url"),
    ({"url": "https://shop.example.org/\r\nX: y"}, "url"),
    ({"secret": None}, "secret"),
    ({"authorization": 5}, "authorization"),
    ({"records": 0}, "records"),
    ({"timeout": 0}, "timeout"),
    ({"ca_file": "relative.pem"}, "ca_file"),
]


class TestContract(NetworkContract):
    wrong = WRONG
    large: ClassVar[dict[str, Any]] = {"records": 1_000}

    @pytest.fixture
    def target(self, endpoint: Endpoint) -> Endpoint:
        return endpoint


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_2xx_is_taken(endpoint: Endpoint, tmp_path: Path, status: int):
    endpoint.replies.append(Reply(status, takes=True))
    await deliver(endpoint, batch_of(tmp_path, size=3))
    assert len(endpoint.taken) == 1


@pytest.mark.parametrize("status", [400, 402, 406, 411, 413, 415, 418, 422, 451])
async def test_an_answer_about_the_content_is_a_refusal(endpoint: Endpoint, tmp_path: Path, status: int):
    endpoint.replies.append(Reply(status, body=b"no such\x1b[31m\narticle" + b"!" * 9_000))
    with pytest.raises(SinkRefusedError, match=rf"{status}: no such\[31m article!") as caught:
        await deliver(endpoint, batch_of(tmp_path))
    assert caught.value.remedy
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "status", [301, 302, 307, 308, 401, 403, 404, 405, 408, 409, 410, 425, 429, 500, 502, 503, 599]
)
async def test_any_other_answer_is_tried_again(endpoint: Endpoint, tmp_path: Path, status: int):
    endpoint.replies.append(Reply(status, {"Location": f"{endpoint.settings['url']}/elsewhere"}))
    batch = batch_of(tmp_path)
    with pytest.raises(SinkError, match=str(status)) as caught:
        await deliver(endpoint, batch)
    assert not isinstance(caught.value, SinkRefusedError)
    assert caught.value.remedy
    assert caught.value.retry_after is None
    await deliver(endpoint, batch)
    assert endpoint.lines() == lines_of(batch)
    assert endpoint.outside() == set()


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_told(endpoint: Endpoint, tmp_path: Path, status: int):
    endpoint.replies.append(Reply(status, {"Retry-After": "90"}))
    with pytest.raises(SinkError) as caught:
        await deliver(endpoint, batch_of(tmp_path))
    assert caught.value.retry_after == timedelta(seconds=90)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        ("9" * 12, 86_400),
        ("9" * 5_000, None),
        ("Sun, 22 Nov 2026 05:01:30 GMT", 90),
        ("Sun, 22 Nov 2026 04:00:00 GMT", 0),
        ("Sun, 22 Nov 2026 05:01:30 -0000", None),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
    ids=lambda value: str(value)[:32],
)
def test_retry_after_is_seconds_or_a_date_by_the_clock_of_the_target(said: str, seconds: int | None):
    headers = {"retry-after": said, "date": "Sun, 22 Nov 2026 05:00:00 GMT"}
    assert retry_after(headers) == (None if seconds is None else timedelta(seconds=seconds))


def test_retry_after_without_a_date_goes_by_our_clock():
    assert retry_after({"retry-after": "Sun, 22 Nov 2099 05:00:00 GMT"}) == timedelta(days=1)
    assert retry_after({}) is None


async def test_a_target_that_takes_few_requests_is_served_in_several_tries(endpoint: Endpoint, tmp_path: Path):
    batch = batch_of(tmp_path, size=40)
    busy = Reply(429, {"Retry-After": "1"})
    endpoint.replies.extend([*[Reply(takes=True)] * 3, busy, *[Reply(takes=True)] * 3, busy])
    async with opened(endpoint) as sink:
        for _ in range(2):
            with pytest.raises(SinkError):
                await sink.deliver(batch)
        await sink.deliver(batch)
    assert endpoint.lines() == lines_of(batch)
    assert len(endpoint.taken) == 10


async def test_a_batch_that_was_taken_is_sent_again_from_its_beginning(endpoint: Endpoint, tmp_path: Path):
    batch = batch_of(tmp_path, size=8)
    async with opened(endpoint) as sink:
        for _ in range(2):
            await sink.deliver(batch)
    spans = ("1-4", "5-8")
    assert [request["webhook-id"] for request in endpoint.requests] == [f"{batch.key}.{span}" for span in spans * 2]


async def test_an_answer_that_was_lost_is_a_repetition_with_the_same_key(endpoint: Endpoint, tmp_path: Path):
    batch = batch_of(tmp_path, size=8)
    endpoint.replies.extend([Reply(takes=True), Reply(takes=True, hangs_up=True)])
    async with opened(endpoint) as sink:
        with pytest.raises(SinkError, match=r"127\.0\.0\.1"):
            await sink.deliver(batch)
        await sink.deliver(batch)
    assert [key for key, _ in endpoint.taken] == [f"{batch.key}.{span}" for span in ("1-4", "5-8", "5-8")]
    assert [request["webhook-id"] for request in endpoint.requests] == [key for key, _ in endpoint.taken]
    assert endpoint.lines() == lines_of(batch)


async def test_an_interchange_without_records_is_one_request(endpoint: Endpoint, tmp_path: Path):
    batch = batch_of(tmp_path, size=0, kind="BHDART")
    await deliver(endpoint, batch)
    assert [key for key, _ in endpoint.taken] == [f"{batch.key}.1-0"]
    assert b'"part":1,"final":true,"records":[]' in endpoint.taken[0][1]


async def test_a_name_that_is_no_unicode_is_refused(endpoint: Endpoint, tmp_path: Path):
    with pytest.raises(SinkRefusedError, match="JSON"):
        await deliver(endpoint, batch_of(tmp_path, name="lone\udc80surrogate"))


async def test_https_is_trusted_by_its_certificate(tmp_path: Path):
    ca, trust = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(trust)
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    endpoint, batch = Endpoint(trust), batch_of(tmp_path)
    try:
        with pytest.raises(SinkError, match="certificate verify failed"):
            await deliver(endpoint, batch)
        endpoint.settings["ca_file"] = str(tmp_path / "ca.pem")
        await deliver(endpoint, batch)
        endpoint.settings["ca_file"] = str(tmp_path / "missing.pem")
        with pytest.raises(SinkError, match=r"missing\.pem"):
            await deliver(endpoint, batch)
    finally:
        endpoint.close()
    assert endpoint.lines() == lines_of(batch)


class TestSecrets:
    def test_the_signature_is_that_of_the_standards_example(self):
        """The example of the Standard Webhooks libraries."""
        key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        part = Part("msg_p5jXN8AQM9LWM0D4loKWxJek", 1, b'{"test": 2432232314}')
        assert signed(part, key, 1614265330)["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    @pytest.mark.parametrize("secret", ["whsec_", "whsec_c2hvcnQ=", "whsec_%%%", "plain words"])
    async def test_a_secret_that_is_none_is_refused_unseen(self, endpoint: Endpoint, tmp_path: Path, secret: str):
        endpoint.settings["secret"] = secret
        with pytest.raises(SinkError, match="24 bytes") as caught:
            await deliver(endpoint, batch_of(tmp_path))
        assert "openssl" in caught.value.remedy
        assert secret not in str(caught.value) or secret == "whsec_"
        assert endpoint.requests == []

    async def test_they_are_read_anew_for_every_batch(self, endpoint: Endpoint, tmp_path: Path):
        path = tmp_path / "token"
        endpoint.settings["authorization"] = {"file": str(path)}
        async with opened(endpoint) as sink:
            with pytest.raises(SinkError, match="token"):
                await sink.deliver(batch_of(tmp_path))
            for token in ("Bearer first", "Bearer second"):
                path.write_text(token)
                path.chmod(0o600)
                await sink.deliver(batch_of(tmp_path, name=token, size=1))
        assert [request["authorization"] for request in endpoint.requests] == ["Bearer first", "Bearer second"]

    @pytest.mark.parametrize("token", ["Bearer geheim\r\nX-More: 1", "Bearer gehéim"])
    async def test_a_header_that_cannot_be_sent_is_told_without_it(
        self, endpoint: Endpoint, tmp_path: Path, token: str
    ):
        endpoint.settings["authorization"] = token
        with pytest.raises(SinkError) as caught:
            await deliver(endpoint, batch_of(tmp_path))
        assert "geh" not in str(caught.value)

    async def test_what_the_target_echoes_is_blacked_out(self, endpoint: Endpoint, tmp_path: Path):
        endpoint.settings["authorization"] = "Bearer sesame42"
        endpoint.replies.append(Reply(400, body=b"bad header: Bearer sesame42"))
        with pytest.raises(SinkError, match=r"bad header: \*\*\*"):
            await deliver(endpoint, batch_of(tmp_path))

    def test_no_repr_shows_them(self, endpoint: Endpoint):
        sink = open_sink("webhook", endpoint.settings)
        assert SECRET not in f"{sink!r}{vars(sink)!r}"
        assert blacked("nothing hidden") == "nothing hidden"

    def test_an_address_keeps_its_path_to_itself(self, endpoint: Endpoint):
        with pytest.raises(ConfigError) as caught:
            open_sink("webhook", endpoint.settings | {"url": "http://shop.example.org/token/sesame43"})
        assert "sesame43" not in str(caught.value)
