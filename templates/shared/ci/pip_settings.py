"""pip's settings, and what makes uv do the same.

An organisation names its package index, its proxy and its certificates in pip's files and variables, and uv reads none
of them. What cannot be translated without a difference is left to pip: an index of one's own must never be replaced by
the public one without a word.
"""

from __future__ import annotations

import configparser
import locale
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TRUE = {"1", "true", "yes", "on", "y", "t"}
# What changes nothing about which files are installed. pip's other settings are translated, or pip is used.
HARMLESS = {
    *("break-system-packages", "cache-dir", "compile", "debug", "default-timeout", "disable-pip-version-check"),
    *("exists-action", "log", "log-file", "no-cache-dir", "no-color", "no-compile", "no-input"),
    *("no-python-version-warning", "no-warn-conflicts", "no-warn-script-location", "progress-bar", "quiet"),
    *("require-virtualenv", "resume-retries", "retries", "root-user-action", "src", "timeout", "verbose"),
}
LISTS = {"extra-index-url", "find-links", "trusted-host", "constraint"}
INDEXES = {"index-url", "extra-index-url", "find-links", "no-index"}
TRANSLATED = INDEXES | LISTS | {"cert", "client-cert", "require-hashes"}
# uv's own settings of the same; where pip has any, none of these may add to them.
UV_INDEXES = (
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX_STRATEGY"),
    *("UV_OFFLINE", "UV_NO_INDEX"),
)


class PipNeededError(Exception):
    """uv cannot do what pip would do. The message says why."""


def read(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """What pip's files and variables set for an installation, as `pip config list` and pip's own precedence have it.

    Raises:
        PipNeededError: A file cannot be read.
    """
    sections: dict[str, dict[str, str]] = {"global": {}, "install": {}, "environment": {}}
    for file in _pip_files(environ, folder):
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding=locale.getpreferredencoding(do_setlocale=False))
        except (configparser.Error, OSError, UnicodeError) as error:
            raise PipNeededError(f"{file} cannot be read: {type(error).__name__}") from error
        for section in ("global", "install"):
            if parser.has_section(section):
                sections[section] |= {_name(key): value for key, value in parser.items(section)}
    variables = {name[4:]: value for name, value in environ.items() if name.startswith("PIP_")}
    sections["environment"] = {_name(name): value for name, value in variables.items() if name != "CONFIG_FILE"}
    return {name: value for section in sections.values() for name, value in section.items() if value}


def _name(key: str) -> str:
    return key.lower().replace("_", "-").removeprefix("--")


def _pip_files(environ: Mapping[str, str], folder: Path) -> list[Path]:
    """The files that pip reads, the strongest last."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return []
    home = Path(environ.get("HOME") or Path.home())
    files = [place / "pip.conf" for place in _shared(environ)]
    if not (named and Path(named).exists()):
        files += [home / ".pip" / "pip.conf", _own(environ, home) / "pip.conf"]
    return [*files, folder / "pip.conf", *([Path(named)] if named else [])]


def _shared(environ: Mapping[str, str]) -> list[Path]:
    if sys.platform == "darwin":
        places = ["/opt/homebrew/share/pip", "/usr/local/share/pip", "/Library/Application Support/pip"]
        return [Path(place) for place in places]
    folders = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
    return [*(Path(folder) / "pip" for folder in folders), Path("/etc")]


def _own(environ: Mapping[str, str], home: Path) -> Path:
    library = home / "Library" / "Application Support" / "pip"
    if sys.platform == "darwin":
        return library if library.is_dir() else home / ".config" / "pip"
    return Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip"


def for_uv(settings: Mapping[str, str], environ: Mapping[str, str]) -> tuple[list[str], list[str], dict[str, str]]:
    """What makes uv do what pip's settings say: options, those that name constraints, and its environment.

    An index may hold a password, so it is no option: those are seen by everybody on a machine.

    Raises:
        PipNeededError: One of them means something that uv does not do in the same way.
    """
    unknown = sorted(settings.keys() - HARMLESS - TRANSLATED)
    if unknown:
        raise PipNeededError(f"pip's setting {unknown[0]} has no counterpart")
    lists = {name: settings.get(name, "").split() for name in LISTS}
    if any("@" in link for link in lists["find-links"]):
        raise PipNeededError("pip's setting find-links holds a password")
    if settings.keys() & {"index-url", "extra-index-url"} and shutil.which("keyring", path=environ.get("PATH")):
        raise PipNeededError("pip may ask keyring for the password of its index")
    options = [f"--find-links={os.path.expanduser(link)}" for link in lists["find-links"]]  # noqa: PTH111 (or a URL)
    options += ["--no-index"] if settings.get("no-index", "").lower() in TRUE else []
    options += ["--require-hashes"] if settings.get("require-hashes", "").lower() in TRUE else []
    constraints = [f"--constraint={file}" for file in lists["constraint"]]
    return options, constraints, _uv_environment(settings, lists, environ)


def _uv_environment(
    settings: Mapping[str, str], lists: Mapping[str, list[str]], environ: Mapping[str, str]
) -> dict[str, str]:
    dropped = {"UV_NO_VERIFY_HASHES", *(UV_INDEXES if settings.keys() & INDEXES else ())}
    found = {name: value for name, value in environ.items() if name not in dropped}
    if "index-url" in settings:
        found["UV_DEFAULT_INDEX"] = settings["index-url"]
    if lists["extra-index-url"]:
        # pip takes all its indexes for one, and so does this.
        found |= {"UV_INDEX": " ".join(lists["extra-index-url"]), "UV_INDEX_STRATEGY": "unsafe-best-match"}
    if lists["trusted-host"]:
        found["UV_INSECURE_HOST"] = " ".join(lists["trusted-host"])
    return found | _certificates(settings, environ)


def _certificates(settings: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Whom TLS trusts: the file that pip is told, else this machine's store, which pip takes on its own."""
    found = {}
    bundle = settings.get("cert") or environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE")
    if bundle and not Path(bundle).expanduser().is_file():
        raise PipNeededError(f"the certificates {bundle} are no file")
    if bundle:
        found["SSL_CERT_FILE"] = str(Path(bundle).expanduser())
    elif not {"SSL_CERT_FILE", "SSL_CERT_DIR"} & environ.keys():
        found["UV_SYSTEM_CERTS"] = environ.get("UV_SYSTEM_CERTS", environ.get("UV_NATIVE_TLS", "true"))
    if "client-cert" in settings:
        found["SSL_CLIENT_CERT"] = str(Path(settings["client-cert"]).expanduser())
    return found
