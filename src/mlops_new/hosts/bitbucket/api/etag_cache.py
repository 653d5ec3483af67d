"""What Bitbucket said before, kept between commands: it is asked again only for what has changed."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path

Entry = dict[str, str]


class ETagCache:
    """Texts by a key, a file each; whatever cannot be read or written was not there.

    Args:
        folder: Where they are kept; None: nowhere.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def recall(self, key: str) -> Entry | None:
        """What was kept."""
        if self._folder is None:
            return None
        try:
            found = json.loads(self._file(self._folder, key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        whole = isinstance(found, dict) and found.pop("key", None) == key
        return {str(name): str(value) for name, value in found.items()} if whole else None

    def keep(self, key: str, entry: Entry) -> None:
        """Keep it: whole or not at all."""
        if self._folder is None:
            return
        file = self._file(self._folder, key)
        with suppress(OSError):  # a full disk, say: the next command asks again
            self._folder.mkdir(parents=True, exist_ok=True)
            partial = file.with_suffix(".partial")
            partial.write_text(json.dumps({**entry, "key": key}), encoding="utf-8")
            partial.replace(file)

    def _file(self, folder: Path, key: str) -> Path:
        return folder / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
