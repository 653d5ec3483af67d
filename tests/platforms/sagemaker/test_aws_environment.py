"""AWS's variables and files that say nonsense: one line and exit code 2, never a bug."""

import subprocess
import sys
from pathlib import Path

import pytest

from mlops_new.errors import Invalid
from mlops_new.platforms.sagemaker.account import Account


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ENDPOINT_URL", "nonsense"),
        ("AWS_ENDPOINT_URL_S3", "http://"),
        ("AWS_ENDPOINT_URL_SAGEMAKER", "http://[::1"),
        ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:99999"),
        ("AWS_REGION", "no such region"),
        ("AWS_CA_BUNDLE", "/nowhere"),
        ("AWS_MAX_ATTEMPTS", "some"),
        ("AWS_MAX_ATTEMPTS", "0"),
        ("AWS_STS_REGIONAL_ENDPOINTS", "nonsense"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere"),
        ("AWS_PROFILE", "unknown"),
        ("HTTPS_PROXY", "http://[::"),
    ],
)
def test_a_variable_that_cannot_be(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Invalid) as caught:
        Account().client("sts")
    assert "\n" not in caught.value.message
    assert value in caught.value.message or name in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "[default",
        "[default]\nendpoint_url = nonsense\n",
        "[default]\nmax_attempts = some\n",
        "[default]\nrole_arn = x\nsource_profile = default\n",
        "[default]\ncredential_process = /nowhere\n",
    ],
)
def test_a_file_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    file = tmp_path / "config"
    file.write_text(text)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("AWS_PROFILE", "default")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(Invalid, match="AWS's configuration cannot be used"):
        Account().client("sts")


def test_no_region_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "")
    with pytest.raises(Invalid, match="there is no region to work in"):
        Account().client("sts")


def test_the_command_ends_with_2_and_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")
    command = [sys.executable, "-m", "mlops_new", "status", "sales", "--platform", "sagemaker"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert "a bug" not in done.stdout + done.stderr
    assert "AWS_ENDPOINT_URL is 'nonsense'" in done.stdout + done.stderr
    assert done.returncode == 2
