"""What every test stands on: nobody's git identity or home, and no network but this machine."""

import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.doubles.aws.server import AwsServer, Moto


# Where the environments of suites are that have one of their own, and what is kept from run to run.
_SUITES = {
    "MLOPS_NEW_SDK_PYTHON",
    "MLOPS_NEW_DATA_PYTHON",
    "MLOPS_NEW_AIRFLOW2_PYTHON",
    "MLOPS_NEW_AIRFLOW3_PYTHON",
    "MLOPS_NEW_TEST_CACHE",
}
_LOOPBACK = ("127.", "::1", "localhost")


def _block_network(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
    elif event == "socket.getaddrinfo":
        host = str(arguments[0] or "localhost")
    else:
        return
    if not host.startswith(_LOOPBACK):
        raise RuntimeError(f"a test reached for the network: {host}")


sys.addaudithook(_block_network)

# A shell starts what runs in the background with interrupts ignored, and commands inherit that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test that says `quick_cases(N)`, all cases but the first N are slow."""
    seen: Counter[str] = Counter()
    for item in items:
        mark = item.get_closest_marker("quick_cases")
        if mark is not None:
            test = item.nodeid.partition("[")[0]
            seen[test] += 1
            if seen[test] > mark.args[0]:
                item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def _nobody_at_all(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[None]":
    """The same for what several tests share, which is made before any one of them."""
    with pytest.MonkeyPatch.context() as patch:
        _become_nobody(patch, tmp_path_factory.mktemp("nobody"))
        yield


@pytest.fixture(autouse=True)
def _nobody(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git identity and a home that are the test's own."""
    _become_nobody(monkeypatch, tmp_path_factory.mktemp("nobody"))


def _become_nobody(patch: pytest.MonkeyPatch, place: Path) -> None:
    config = place / "gitconfig"
    config.write_text("[user]\n\tname = Test\n\temail = test@localhost\n", encoding="utf-8")
    for name in [name for name in os.environ if name.startswith(("GIT_", "MLOPS_NEW_", "AWS_", "BITBUCKET_"))]:
        if name not in _SUITES:
            patch.delenv(name)
    patch.setenv("GIT_CONFIG_GLOBAL", str(config))
    patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    patch.setenv("GIT_ALLOW_PROTOCOL", "file")
    patch.setenv("XDG_CONFIG_HOME", str(place / "config"))
    patch.setenv("XDG_CACHE_HOME", str(place / "cache"))
    patch.setenv("MLOPS_NEW_HOME", str(place / "home"))
    patch.setenv("AWS_CONFIG_FILE", str(place / "aws"))
    patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(place / "aws-credentials"))
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def unknown_to_git(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No identity is configured, and git guesses none from the machine's name."""
    config = tmp_path_factory.mktemp("unknown") / "gitconfig"
    config.write_text("[user]\n\tuseConfigOnly = true\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))


@pytest.fixture(scope="session")
def moto() -> "Iterator[Moto]":
    """Most of AWS, in a process of its own: its import takes a second."""
    from tests.doubles.aws.server import Moto

    server = Moto()
    yield server
    server.close()


@pytest.fixture
def aws(moto: "Moto", monkeypatch: pytest.MonkeyPatch) -> "Iterator[AwsServer]":
    """An account that was bootstrapped and is empty otherwise; the environment leads to it."""
    from tests.doubles.aws.server import AwsServer

    server = AwsServer(moto)
    server.bootstrap()
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    yield server
    server.close()


@pytest.fixture
def home() -> Path:
    """The `MLOPS_NEW_HOME` of this test; it does not exist yet."""
    return Path(os.environ["MLOPS_NEW_HOME"])


@pytest.fixture
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the test stands in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
