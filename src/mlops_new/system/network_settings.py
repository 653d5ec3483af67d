"""What the environment says about how to reach a server, judged before one is asked: URLs, proxies, certificates."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from mlops_new.errors import Invalid

_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]+(%[\w.-]+)?")
_LONGEST_LABEL = 63
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_PROXY_SCHEMES = ("http", "https", "socks4", "socks5", "socks5h")


def server_fault(url: str, schemes: tuple[str, ...] = ("https", "http")) -> str | None:
    """Why this is no URL of a server, to be said after its name; None where it is one."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "is not a URL"
    host = parts.hostname or ""
    shown = "" if "@" in parts.netloc else f" {url!r}"  # who calls himself by name there is not repeated
    if parts.scheme not in schemes:
        return f"is{shown or ' a URL'}: it does not begin with {' or '.join(f'{scheme}://' for scheme in schemes[:2])}"
    if not url.isprintable() or not _HOST.fullmatch(host) or not all(map(_is_label, host.rstrip(".").split("."))):
        return f"is{shown or ' a URL'}: it names no server"
    return None


def _is_label(label: str) -> bool:
    try:
        return 0 < len(label.encode("idna") if ":" not in label else label) <= _LONGEST_LABEL
    except UnicodeError:
        return False


def refuse_proxies(environ: Mapping[str, str]) -> None:
    """Pass an environment whose proxies, where it names any, are servers.

    Raises:
        Invalid: one is not.
    """
    for name in (*_PROXIES, *map(str.lower, _PROXIES)):
        value = environ.get(name)
        if value and (fault := server_fault(value if "://" in value else f"http://{value}", _PROXY_SCHEMES)):
            raise Invalid(f"{name} {fault}", hint="for example: http://proxy.example.com:8080; or unset it")


def refuse_bundle(name: str, path: str | None) -> None:
    """Pass a file of certificates.

    Args:
        name: What names it: a variable or a setting.
        path: The file, or a folder of such files; nothing where none is named.

    Raises:
        Invalid: it is not there, or holds no certificate.
    """
    if not path:
        return
    import ssl  # it takes a while to come, and few name a file
    from pathlib import Path

    hint = f"it is a PEM file of certificates; or unset {name}"
    if Path(path).is_dir():
        return
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise Invalid(f"{name} is {path!r}: the file holds no certificate", hint=hint) from None
    except OSError as error:
        raise Invalid(f"{name} is {path!r}: {error.strerror}", hint=hint) from None
