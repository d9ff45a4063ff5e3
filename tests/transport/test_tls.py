"""Which TLS context a supplier gets."""

import ssl
import warnings
from pathlib import Path

import pytest

from syncd.errors import ConfigError
from syncd.transport import tls
from tests.servers.certs import issue


@pytest.mark.parametrize("minimum", ["1.0", "1.2", "1.3"])
def test_verification_is_always_on_and_no_suite_goes_without_a_certificate(minimum: str):
    context = tls.context(minimum, None)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.options & ssl.OP_NO_SSLv3
    assert not [suite["name"] for suite in context.get_ciphers() if "Au=None" in suite["description"]]


def test_the_minimum_is_said_and_no_maximum():
    assert tls.context("1.2", None).minimum_version is ssl.TLSVersion.TLSv1_2
    assert tls.context("1.3", None).minimum_version is ssl.TLSVersion.TLSv1_3
    assert tls.context("1.0", None).minimum_version is ssl.TLSVersion.MINIMUM_SUPPORTED
    assert {tls.context(minimum, None).maximum_version for minimum in tls.MINIMA} == {ssl.TLSVersion.MAXIMUM_SUPPORTED}


def test_only_the_oldest_minimum_lowers_the_security_level():
    assert tls.context("1.0", None).security_level == 0
    assert tls.context("1.2", None).security_level >= 1


def test_no_warning_escapes():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tls.context("1.0", None)


def test_a_ca_file_replaces_the_authorities_and_may_be_a_pinned_certificate(tmp_path: Path):
    files = issue(tmp_path)
    context = tls.context("1.2", str(files.ca))
    assert len(context.get_ca_certs()) == 1
    assert context.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT


@pytest.mark.parametrize("content", [None, b"", b"not a certificate"])
def test_an_unreadable_ca_file_is_an_error_of_the_configuration(tmp_path: Path, content: bytes | None):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"ca\.pem") as caught:
        tls.context("1.2", str(path))
    assert caught.value.remedy


def test_an_unknown_minimum_is_an_error_of_the_configuration():
    with pytest.raises(ConfigError, match=r"1\.1"):
        tls.context("1.1", None)
