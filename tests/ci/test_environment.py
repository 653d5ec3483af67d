"""Environments by uv and by pip: from the same index, with the same hashes checked, by the settings that pip has."""

import ast
import functools
import hashlib
import importlib
import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SHARED = Path(__file__).parents[2] / "templates" / "shared"
UV = Path(sys.executable).with_name("uv")
TOOLS = ("uv", "pip")
NOWHERE = "http://127.0.0.1:9"


def wheel(folder: Path, name: str, version: str, says: str) -> Path:
    """A package of one line."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", f"SAYS = {says!r}\n")
        archive.writestr(f"{name}/tests/test_it.py", "assert True\n")
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Index(ThreadingHTTPServer):
    """A package index of one's own, which wants a password where it has one."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = folder, list[str]()
        super().__init__(("127.0.0.1", 0), _Answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/simple"


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Index)
        self.server.asked.append(self.path)
        *_, kind, name = self.path.rstrip("/").split("/")
        if kind == "files":
            self._send((self.server.folder / name).read_bytes())
        elif found := sorted(self.server.folder.glob(f"{name}-*.whl")):
            self._send("".join(f'<a href="/files/{one.name}">{one.name}</a>' for one in found).encode())
        else:
            self.send_error(404)

    do_HEAD = do_GET  # noqa: N815 (its name in http.server)

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    folder = tmp_path / "index"
    folder.mkdir()
    wheel(folder, "ours", "1.0", "from our own index")
    with Index(folder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@dataclass
class Maker:
    """Runs the script on a machine that has nothing but what a test gives it.

    Args:
        place: HOME, and everything else.
        environ: What beside the ordinary is set.
    """

    place: Path
    environ: dict[str, str] = field(default_factory=dict)

    def requirements(self, text: str, name: str = "requirements.txt") -> Path:
        file = self.place / name
        file.write_text(text, encoding="utf-8")
        return file

    def make(self, *arguments: str | Path, tool: str = "uv") -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "ci.environment", str(self.folder), *map(str, arguments)]
        return subprocess.run(
            command, cwd=SHARED, env=self.variables(tool), capture_output=True, text=True, check=False
        )

    def variables(self, tool: str) -> dict[str, str]:
        """The public index is out of reach; whoever asks for it fails."""
        (self.place / "bin").mkdir(exist_ok=True)
        if tool == "uv" and not (self.place / "bin" / "uv").exists():
            (self.place / "bin" / "uv").symlink_to(UV)
        plain = {"HOME": str(self.place), "PATH": f"{self.place / 'bin'}:/usr/bin:/bin"}
        closed = {"HTTPS_PROXY": NOWHERE, "HTTP_PROXY": NOWHERE, "NO_PROXY": "127.0.0.1", "PIP_RETRIES": "0"}
        quick = {
            "UV_HTTP_RETRIES": "0",
            "XDG_CONFIG_DIRS": str(self.place / "etc"),
            "UV_CACHE_DIR": str(self.place / "cache"),
        }
        return {**plain, **closed, **quick, "PIP_CONFIG_FILE": os.devnull, **self.environ}

    @property
    def folder(self) -> Path:
        return self.place / "environment"

    def says(self, package: str = "ours") -> str:
        command = [str(self.folder / "bin" / "python"), "-c", f"import {package}; print({package}.SAYS)"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """The scripts, in this process."""
    monkeypatch.syspath_prepend(str(SHARED))
    for name in [name for name in sys.modules if name.partition(".")[0] == "ci"]:
        monkeypatch.delitem(sys.modules, name)
    return functools.partial(_of_ci)


def _of_ci(name: str) -> ModuleType:
    return importlib.import_module(f"ci.{name}")


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("tool", TOOLS)
def test_an_index_of_ones_own_is_the_only_one_that_is_asked(maker: Maker, index: Index, tool: str) -> None:
    maker.environ["PIP_INDEX_URL"] = index.url
    pinned = maker.requirements(f"ours==1.0 --hash=sha256:{sha256(index.folder / 'ours-1.0-py3-none-any.whl')}\n")
    done = maker.make("-r", pinned, tool=tool)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"environment: {tool} installs {pinned}\n"
    assert maker.says() == "from our own index"
    assert "/simple/ours/" in index.asked
    compiled = [path.name for path in maker.folder.rglob("*.pyc") if "pip" not in path.parts]
    assert [name for name in compiled if name.startswith(("ours", "test_it"))] == [
        f"ours.{sys.implementation.cache_tag}.pyc"
    ]


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("tool", TOOLS)
def test_a_file_with_another_hash_is_refused(maker: Maker, index: Index, tool: str) -> None:
    maker.environ["PIP_INDEX_URL"] = index.url
    done = maker.make("-r", maker.requirements(f"ours==1.0 --hash=sha256:{'0' * 64}\n"), tool=tool)
    assert done.returncode == 1
    assert "hash" in done.stderr.lower()
    assert not list(maker.folder.glob("lib/python*/site-packages/ours.py"))


@pytest.mark.slow
@pytest.mark.parametrize("tool", TOOLS)
def test_hashes_for_some_of_a_file_are_not_enough(maker: Maker, index: Index, tool: str) -> None:
    wheel(index.folder, "other", "1.0", "without a hash")
    maker.environ["PIP_INDEX_URL"] = index.url
    whole = f"ours==1.0 --hash=sha256:{sha256(index.folder / 'ours-1.0-py3-none-any.whl')}\n"
    done = maker.make("-r", maker.requirements(whole + "other==1.0\n"), tool=tool)
    assert done.returncode == 1
    assert not list(maker.folder.glob("lib/python*/site-packages/o*.py"))


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("tool", TOOLS)
def test_files_with_and_without_hashes_go_into_one_environment(maker: Maker, index: Index, tool: str) -> None:
    wheel(index.folder, "other", "1.0", "without a hash")
    maker.environ["PIP_INDEX_URL"] = index.url
    hashed = f"ours==1.0 \\\n    --hash=sha256:{sha256(index.folder / 'ours-1.0-py3-none-any.whl')}  # why\n"
    files = maker.requirements("other==1.0\n", "plain.txt"), maker.requirements(hashed, "hashed.txt")
    assert maker.make("-r", files[0], tool=tool).returncode == 0
    assert maker.make("--keep", "-r", files[1], tool=tool).returncode == 0
    assert (maker.says("other"), maker.says()) == ("without a hash", "from our own index")
    again = maker.make("-r", files[0], "-r", files[1], tool=tool)
    assert again.returncode == 0, again.stderr
    assert (maker.says("other"), maker.says()) == ("without a hash", "from our own index")


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("place", ["etc/pip/pip.conf", ".pip/pip.conf", ".config/pip/pip.conf", "named.conf"])
def test_the_index_of_each_of_pips_files_counts(maker: Maker, index: Index, place: str, tool: str) -> None:
    file = maker.place / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"[global]\nindex_url = {index.url}\ntimeout = 5\n", encoding="utf-8")
    maker.environ["PIP_CONFIG_FILE"] = str(file) if place == "named.conf" else ""
    done = maker.make("-r", maker.requirements("ours==1.0\n"), tool=tool)
    assert done.returncode == 0, done.stderr
    assert f"{tool} installs" in done.stdout
    assert maker.says() == "from our own index"


def test_a_setting_of_uv_does_not_lead_away_from_pips_index(maker: Maker, index: Index, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    wheel(tmp_path / "theirs", "ours", "1.0", "from somebody else")
    with Index(tmp_path / "theirs") as theirs:
        threading.Thread(target=theirs.serve_forever, daemon=True).start()
        names = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")
        maker.environ |= {"PIP_INDEX_URL": index.url, **dict.fromkeys(names, theirs.url)}
        maker.environ["UV_FIND_LINKS"] = str(theirs.folder)
        assert maker.make("-r", maker.requirements("ours==1.0\n")).returncode == 0
        assert theirs.asked == []
        theirs.shutdown()
    assert maker.says() == "from our own index"


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("tool", TOOLS)
def test_all_of_several_indexes_are_looked_at(maker: Maker, index: Index, tmp_path: Path, tool: str) -> None:
    """The version that is pinned is in the one that is not asked first, whichever that is."""
    (tmp_path / "more").mkdir()
    wheel(tmp_path / "more", "ours", "2.0", "from the other index")
    with Index(tmp_path / "more") as more:
        threading.Thread(target=more.serve_forever, daemon=True).start()
        maker.environ |= {"PIP_INDEX_URL": index.url, "PIP_EXTRA_INDEX_URL": more.url}
        for version, says in (("1.0", "from our own index"), ("2.0", "from the other index")):
            done = maker.make("-r", maker.requirements(f"ours=={version}\n"), tool=tool)
            assert done.returncode == 0, done.stderr
            assert f"{tool} installs" in done.stdout
            assert maker.says() == says
        more.shutdown()


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("tool", TOOLS)
def test_a_folder_of_files_and_no_index(maker: Maker, index: Index, tool: str) -> None:
    maker.environ |= {"PIP_FIND_LINKS": str(index.folder), "PIP_NO_INDEX": "1"}
    done = maker.make("-r", maker.requirements("ours==1.0\n"), tool=tool)
    assert done.returncode == 0, done.stderr
    assert f"{tool} installs" in done.stdout
    assert (maker.says(), index.asked) == ("from our own index", [])


@pytest.mark.slow
@pytest.mark.parametrize("hashed", [True, False])
@pytest.mark.parametrize("tool", TOOLS)
def test_a_constraint_is_kept(maker: Maker, index: Index, tool: str, hashed: bool) -> None:  # noqa: FBT001
    digest = f" --hash=sha256:{sha256(index.folder / 'ours-1.0-py3-none-any.whl')}" if hashed else ""
    pinned = maker.requirements(f"ours==1.0{digest}\n")
    maker.environ |= {"PIP_INDEX_URL": index.url, "PIP_CONSTRAINT": str(maker.requirements("ours<=1.5\n", "c.txt"))}
    done = maker.make("-r", pinned, tool=tool)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"environment: {tool} installs {pinned}\n"
    maker.requirements("ours<1.0\n", "c.txt")
    assert maker.make("-r", pinned, tool=tool).returncode == 1


@pytest.mark.parametrize(
    ("settings", "line", "why"),
    [
        ({"PIP_PROXY": "http://127.0.0.1:9"}, "", "pip's setting proxy has no counterpart"),
        ({"PIP_NO_BINARY": ":none:"}, "", "pip's setting no-binary has no counterpart"),
        ({"PIP_CERT": "/nowhere/at/all.pem"}, "", "the certificates /nowhere/at/all.pem are no file"),
        ({}, "--find-links index", "uv may read this otherwise: --find-links …"),
        ({}, "./index/ours-1.0-py3-none-any.whl", "uv may read this otherwise: ./index/ours-1.0-py3-none-any.whl …"),
        ({}, "ours @ file:///x", "uv may read this otherwise: ours …"),
        ({}, "--pre", "uv may read this otherwise: --pre …"),
    ],
)
def test_what_uv_would_do_otherwise_is_left_to_pip(
    maker: Maker, modules: Callable[[str], Any], settings: dict[str, str], line: str, why: str
) -> None:
    environment = modules("environment")
    request = environment.Request(maker.folder, (maker.requirements(f"ours==1.0\n{line}\n"),))
    with pytest.raises(modules("pip_settings").PipNeededError, match=re.escape(why)):
        environment.uv_commands(request, maker.variables("uv") | settings)


@pytest.mark.slow
def test_pip_says_why_it_is_needed(maker: Maker, index: Index) -> None:
    file = maker.requirements("--find-links index\nours==1.0\n")
    maker.environ["PIP_INDEX_URL"] = index.url
    done = maker.make("-r", file)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"environment: pip installs {file} (uv may read this otherwise: --find-links …)\n"
    assert maker.says() == "from our own index"


@pytest.mark.slow
def test_a_uv_that_does_not_work_is_left_alone(maker: Maker, index: Index) -> None:
    maker.environ["PIP_INDEX_URL"] = index.url
    (maker.place / "bin").mkdir()
    fake = maker.place / "bin" / "uv"
    for script, why in (("exit 127", "is there, but does not work"), ("echo uv 0.4.30", "is older than 0.5")):
        fake.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        fake.chmod(0o755)
        done = maker.make("-r", maker.requirements("ours==1.0\n"))
        assert done.returncode == 0, done.stderr
        assert f"pip installs {maker.place}/requirements.txt ({fake} {why})" in done.stdout
        assert maker.says() == "from our own index"


@pytest.mark.slow
def test_where_uv_fails_pip_has_the_last_word(maker: Maker, index: Index) -> None:
    maker.environ["PIP_INDEX_URL"] = index.url
    (maker.place / "bin").mkdir()
    fake = maker.place / "bin" / "uv"
    fake.write_text("#!/bin/sh\n[ $1 = --version ] && echo uv 0.13.9 || exit 2\n", encoding="utf-8")
    fake.chmod(0o755)
    done = maker.make("-r", maker.requirements("ours==1.0\n"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].startswith("environment: uv has failed; pip installs ")
    assert maker.says() == "from our own index"


def test_no_password_is_an_argument(maker: Maker, modules: Callable[[str], Any]) -> None:
    environ = maker.variables("uv") | {
        "PIP_INDEX_URL": "https://ann:s3cret@packages.example.com/simple",
        "PIP_EXTRA_INDEX_URL": "https://ann:s3cret@more.example.com/simple",
        "PIP_TRUSTED_HOST": "one.example.com two.example.com",
        "PIP_CERT": str(maker.requirements("", "bundle.pem")),
        "PIP_CLIENT_CERT": str(maker.requirements("", "client.pem")),
    }
    environment = modules("environment")
    request = environment.Request(maker.folder, (maker.requirements("ours==1.0\n"),))
    (command,) = environment.uv_commands(request, environ)
    assert "s3cret" not in " ".join(command.words)
    told = {name: command.environment[name] for name in command.environment.keys() - environ.keys()}
    assert told == {
        "UV_DEFAULT_INDEX": environ["PIP_INDEX_URL"],
        "UV_INDEX": environ["PIP_EXTRA_INDEX_URL"],
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_INSECURE_HOST": environ["PIP_TRUSTED_HOST"],
        "SSL_CERT_FILE": environ["PIP_CERT"],
        "SSL_CLIENT_CERT": environ["PIP_CLIENT_CERT"],
    }


def test_a_password_that_a_keyring_has_is_left_to_pip(maker: Maker, modules: Callable[[str], Any]) -> None:
    environ = maker.variables("uv") | {"PIP_INDEX_URL": "https://packages.example.com/simple"}
    keyring = maker.place / "bin" / "keyring"
    keyring.write_text("#!/bin/sh\n", encoding="utf-8")
    keyring.chmod(0o755)
    environment = modules("environment")
    with pytest.raises(modules("pip_settings").PipNeededError, match="keyring"):
        environment.uv_commands(environment.Request(maker.folder, (maker.requirements("ours==1.0\n"),)), environ)


FILES = {
    "etc/pip/pip.conf": "[global]\nindex-url = https://etc\ntimeout = 3\n[install]\nno-compile = yes\n",
    ".pip/pip.conf": "[global]\nfind_links =\n    https://one\n    /two\n[list]\nformat = json\n",
    ".config/pip/pip.conf": "[GLOBAL]\n--index-url = https://ignored\n[global]\n--index-url = https://own\n",
    "named.conf": "[install]\nindex-url = https://named\n",
}


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("named", ["", "named.conf", "absent.conf", os.devnull])
@pytest.mark.parametrize("count", range(len(FILES)))
def test_settings_are_read_as_pip_reads_them(
    maker: Maker, modules: Callable[[str], Any], named: str, count: int
) -> None:
    """Beside what `pip config list` prints, only pip's precedence counts: an installation's, then the environment's."""
    for name, text in list(FILES.items())[: count + 1]:
        (maker.place / name).parent.mkdir(parents=True, exist_ok=True)
        (maker.place / name).write_text(text, encoding="utf-8")
    config = named if named == os.devnull or not named else str(maker.place / named)
    environ = maker.variables("pip") | {"PIP_CONFIG_FILE": config, "PIP_TRUSTED_HOST": "x", "PIP_EXTRA_INDEX_URL": ""}
    command = [sys.executable, "-m", "pip", "config", "list"]
    shown = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    listed = {name: ast.literal_eval(value) for name, _, value in (line.partition("=") for line in shown.splitlines())}
    wanted: dict[str, str] = {}
    for section in ("global.", "install.", ":env:."):
        wanted |= {
            name.removeprefix(section): value for name, value in listed.items() if name.startswith(section) and value
        }
    wanted.pop("config-file", None)
    assert modules("pip_settings").read(environ, maker.folder) == wanted


def test_a_file_of_settings_that_cannot_be_read_is_left_to_pip(maker: Maker, modules: Callable[[str], Any]) -> None:
    settings = modules("pip_settings")
    file = maker.place / "named.conf"
    file.write_text("no section\n", encoding="utf-8")
    with pytest.raises(settings.PipNeededError, match=r"named\.conf cannot be read"):
        settings.read(maker.variables("pip") | {"PIP_CONFIG_FILE": str(file)}, maker.folder)
