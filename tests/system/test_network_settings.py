"""What the environment says about servers: nonsense is told in one line, whatever variable it stands in."""

from pathlib import Path

import pytest

from mlops_new.errors import Invalid
from mlops_new.system.network_settings import refuse_bundle, refuse_proxies, server_fault

NONSENSE = [
    "nonsense",
    "http://",
    "http://[::1",
    "http://127.0.0.1:99999",
    "http://127.0.0.1:x",
    "ftp://127.0.0.1",
    "http://a b",
    "http://x..y",
    f"http://{'a' * 64}.example",
    "https://exa\nmple",
    "//example.com",
]


@pytest.mark.parametrize("url", NONSENSE)
def test_what_names_no_server(url: str) -> None:
    assert server_fault(url) is not None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4566", "https://a-b.example.com/base/", "http://[::1]:80", "https://bücher.example", "http://host."]
)  # fmt: skip
def test_what_names_one(url: str) -> None:
    assert server_fault(url) is None


def test_a_password_in_a_url_is_not_repeated() -> None:
    assert "hunter2" not in str(server_fault("ftp://me:hunter2@example.com"))


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "all_proxy"])
def test_proxies(name: str) -> None:
    with pytest.raises(Invalid, match=f"{name} is not a URL"):
        refuse_proxies({name: "http://[::"})
    for value in ("proxy:8080", "http://me:secret@proxy:8080", "socks5://proxy", ""):
        refuse_proxies({name: value})


def test_a_bundle_is_a_file_of_certificates(tmp_path: Path) -> None:
    import certifi

    (tmp_path / "empty").touch()
    with pytest.raises(Invalid, match="CA_BUNDLE is '/nowhere': No such file"):
        refuse_bundle("CA_BUNDLE", "/nowhere")
    with pytest.raises(Invalid, match="holds no certificate"):
        refuse_bundle("CA_BUNDLE", str(tmp_path / "empty"))
    refuse_bundle("CA_BUNDLE", certifi.where())
    refuse_bundle("CA_BUNDLE", None)
