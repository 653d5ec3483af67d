"""The commands: how the server begins and ends, whom it refuses, and what `mlops-new image` prints."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.aws_api.program import HANG, Served, create, line, serve, start
from tests.e2e.program import mlops_new
from tests.platforms.local.conftest import IMAGE, Local, appears
from tests.platforms.local.definitions import definition, processing


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), "0.0.0.0 is not this machine's loopback address"),  # noqa: S104  # it is refused
        (("--host", "example.com"), "example.com is not this machine's loopback address"),
        (("--port", "65536"), "65536 is not a port"),
        (("--port", "-1"), "-1 is not a port"),
    ],
)
def test_only_this_machine_can_be_served(home: Path, arguments: tuple[str, ...], words: str) -> None:
    ended = mlops_new("serve", "--json", *arguments)
    assert ended.code == 2
    assert words in ended.document["error"]["message"]
    assert not home.exists()


def test_a_port_that_is_taken(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = mlops_new("serve", "--port", str(port))
    assert (ended.code, ended.out) == (2, "")
    assert not home.exists()
    assert ended.err.splitlines() == [f"error: port {port} of 127.0.0.1 is in use", "hint: --port 0 takes a free one"]


def test_the_lines_to_export_are_all_that_is_printed(own: Local) -> None:
    host, shown = _another_loopback()
    server = serve(own.platform.stores.home.root, "--port", "0", "--host", host)
    try:
        assert server.url.startswith(f"http://{shown}:")
        assert server.client("sagemaker").list_pipelines()["PipelineSummaries"] == []
    finally:
        server.process.send_signal(signal.SIGINT)  # Ctrl-C
        out, err = server.process.communicate(timeout=300)
    assert (server.process.returncode, out) == (0, "")
    assert "still running" not in err
    sourced = subprocess.run(
        ["sh", "-c", f". {_exports(own)}; echo $AWS_ENDPOINT_URL $AWS_ACCESS_KEY_ID $AWS_DEFAULT_REGION"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert sourced.stdout.startswith("http://127.0.0.1:")
    assert sourced.stdout.endswith(" local us-east-1\n")


def test_the_lines_to_export_are_in_a_file_once_it_listens(own: Local, tmp_path: Path) -> None:
    file = tmp_path / "folder" / "aws.env"
    file.parent.mkdir()
    file.write_text("export AWS_ENDPOINT_URL=http://127.0.0.1:1\n")  # of a server that was killed
    server = serve(own.platform.stores.home.root, "--port", "0", "--env", str(file))
    exported = dict(line.removeprefix("export ").split("=", 1) for line in file.read_text().splitlines())
    assert exported == server.environment
    assert server.client("sagemaker").list_pipelines()["PipelineSummaries"] == []
    other = serve(own.platform.stores.home.root, "--port", "0", "--env", str(file))
    assert server.end() == 0
    assert other.url in file.read_text()  # it is the other one's now
    assert other.end() == 0
    assert not list(file.parent.iterdir())


def test_a_file_that_cannot_be_written(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = mlops_new("serve", "--port", "0", "--env", tmp_path / "file" / "aws.env")
    assert (ended.code, ended.out, "Traceback" in ended.err) == (1, "", False)
    assert ended.err.startswith("error: ")


def _another_loopback() -> tuple[str, str]:
    """A name of this machine that is not the usual one, and how it stands in a URL: not every machine has IPv6."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return "localhost", "127.0.0.1"
    return "::1", "[::1]"


def _exports(own: Local) -> Path:
    """What a server prints for people, in a file."""
    file = own.platform.stores.home.root / "exports"
    with file.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlops_new", "serve", "--port", "0"],
            env={**os.environ, "MLOPS_NEW_HOME": str(own.platform.stores.home.root)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        assert "Ctrl-C" in process.stderr.readline()
        process.terminate()
        process.communicate(timeout=300)
        assert process.returncode == 0
    return file


def test_executions_go_on_when_the_server_ends(
    start_server: Callable[[], Served], own: Local, image: list[dict[str, str]], signs: Path
) -> None:
    server = start_server()
    create(server.client("sagemaker"), "lasting", definition(processing("Hang", line(HANG), str(signs / "pid"))))
    arn = start(server.client("sagemaker"), "lasting", image)
    appears(signs / "pid")
    server.process.terminate()
    _, err = server.process.communicate(timeout=300)
    identity = arn.rpartition("/")[2]
    assert server.process.returncode == 0
    assert f"still running: {identity}" in err
    assert own.platform.stores.executions.describe(identity).status == "Executing"
    own.platform.stop(identity)


def test_the_image_of_a_repository(own: Local, tmp_path: Path) -> None:
    repository = tmp_path / "shop-build"
    subprocess.run(["cp", "-r", str(IMAGE), str(repository)], check=True)
    answers = "project_name: shop\nrepository_kind: build\n_src_path: somewhere\n_commit: v0.1.0\n"
    (repository / ".copier-answers.yml").write_text(answers, encoding="utf-8")
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    environment = {"MLOPS_NEW_HOME": str(own.platform.stores.home.root)}
    printed = [mlops_new("image", "-C", repository, env=environment) for _ in range(2)]
    assert [ended.code for ended in printed] == [0, 0], printed[0].err
    uri = printed[0].out.strip()
    assert printed[1].out.strip() == uri
    assert own.platform.stores.images.known(uri)
    as_json = mlops_new("image", "--json", cwd=repository, env=environment)
    assert json.loads(as_json.out) == {"image": uri}

    (repository / ".copier-answers.yml").write_text(answers.replace("kind: build", "kind: deploy"), encoding="utf-8")
    refused = mlops_new("image", "-C", repository, env=environment)
    assert (refused.code, "cd into shop-build" in refused.err) == (2, True)
    assert mlops_new("image", "-C", tmp_path, env=environment).code == 2


def test_only_who_serves_pays_for_it() -> None:
    code = (
        "import sys; from mlops_new.cli.app import app; app(['serve', '--help'], standalone_mode=False);"
        "print([name for name in ('botocore', 'boto3', 'http.server', 'sqlite3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
