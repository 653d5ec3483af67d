"""A server whose certificate nobody vouches for."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_new.errors import Unreachable
from mlops_new.names import Mark
from tests.doubles.bitbucket import BitbucketServer
from tests.hosts.bitbucket.client import Waits, host_at

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*new, *names, "-out", certificate, "-keyout", key], check=True, capture_output=True)
    return certificate


@pytest.fixture
def server(certificate: Path) -> Iterator[BitbucketServer]:
    server = BitbucketServer()
    server.use_tls(certificate, certificate.with_name("key.pem"))
    with server:
        yield server


def test_an_unknown_certificate_is_refused_at_once(server: BitbucketServer) -> None:
    waits = Waits()
    with pytest.raises(Unreachable, match=r"no trusted TLS connection to 127\.0\.0\.1.*self.signed") as caught:
        host_at(server, retry_policy=waits.retry_policy()).repositories.create(
            "a-build", mark=Mark("a", "build"), description=""
        )
    assert "REQUESTS_CA_BUNDLE" in caught.value.hint
    assert waits.seconds == []
    assert server.requests == []


def test_a_certificate_that_the_person_trusts(
    server: BitbucketServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert host_at(server).repositories.find("a-build") is None
