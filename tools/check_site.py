"""Fails where a page of the built site would load something from another host: `python tools/check_site.py build/site`.

Links that a reader may follow are no requests. What a page loads by itself is.
"""

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

_LOADING = {"src", "srcset", "poster", "data"}
_LOADING_LINKS = {
    "stylesheet",
    "icon",
    "preconnect",
    "preload",
    "prefetch",
    "dns-prefetch",
    "manifest",
    "modulepreload",
}
_ELSEWHERE = re.compile(r"^\s*(?:https?:)?//", re.IGNORECASE)
_IN_STYLES = re.compile(r"(?:@import\s+|url\()\s*[\"']?((?:https?:)?//[^\"')]+)", re.IGNORECASE)


class _Loaded(HTMLParser):
    """Collects what a page loads from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.elsewhere: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at the attributes that make a browser load something."""
        given = {name: value or "" for name, value in attrs}
        names = set(_LOADING)
        if tag == "link" and _LOADING_LINKS & set(given.get("rel", "").split()):
            names.add("href")
        self.elsewhere += [given[name] for name in sorted(names & given.keys()) if _ELSEWHERE.match(given[name])]
        self.elsewhere += _IN_STYLES.findall(given.get("style", ""))


def requests(file: Path) -> list[str]:
    """What a file of the site loads from other hosts."""
    text = file.read_text(encoding="utf-8")
    if file.suffix in {".css", ".svg"}:
        return _IN_STYLES.findall(text)
    page = _Loaded()
    page.feed(text)
    return page.elsewhere + [
        url for style in re.findall(r"<style.*?</style>", text, re.DOTALL) for url in _IN_STYLES.findall(style)
    ]


def faults(site: Path) -> Iterator[str]:
    """Each request to another host, with the file that makes it."""
    files = [file for file in sorted(site.rglob("*")) if file.suffix in {".html", ".css", ".svg"}]
    if not files:
        yield f"{site} holds no site"
    for file in files:
        yield from (f"{file}: {url}" for url in requests(file))


def main() -> int:
    """Print the faults; the exit code says whether there are some."""
    found = list(faults(Path(sys.argv[1])))
    sys.stderr.writelines(f"{fault}\n" for fault in found)
    return int(bool(found))


if __name__ == "__main__":
    raise SystemExit(main())
