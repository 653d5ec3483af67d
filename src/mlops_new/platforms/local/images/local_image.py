"""Images of this machine: a repository's files as they stand, and an environment made from its requirements."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlops_new.errors import Invalid
from mlops_new.platforms.code_files import code_files
from mlops_new.platforms.local.database.records import now
from mlops_new.platforms.local.home import Home
from mlops_new.platforms.local.images.python_environments import environment
from mlops_new.platforms.local.store import file_copies
from mlops_new.ports.platform import Image

REQUIREMENTS = Path("container", "requirements.txt")

_URI = re.compile(r"mlops-new\.local/[^/:]+:(?P<digest>[0-9a-f]{64})")


@dataclass(frozen=True)
class ImageStore:
    """The images below a home, by content: the same files and requirements are kept once, whatever the project."""

    home: Home

    def build(self, repository: Path, *, project: str, notify: Callable[[str], None]) -> Image:
        """Make an image of a repository as it stands, uncommitted work included, ignored files left out.

        Raises:
            Invalid: It is no Git repository, or says no requirements.
            Error: Its environment cannot be made.
        """
        with file_copies.temporary_folder(self.home.images) as staged:
            code = staged / "code"
            snapshot(repository, code)
            if not (code / REQUIREMENTS).is_file():
                raise Invalid(
                    f"{repository} has no {REQUIREMENTS}", hint="it says what to install in the image; it may be empty"
                )
            made = environment(self.home, code / REQUIREMENTS, notify)
            digest = file_copies.digest(code)
            about = {"digest": digest, "project": project, "environment": made.name, "created": now()}
            (staged / "image.json").write_text(json.dumps(about), encoding="utf-8")
            file_copies.move_folder(staged, self.home.images / digest)
        return self._image(f"mlops-new.local/{project}:{digest}", digest, made)

    def find(self, uri: str, notify: Callable[[str], None]) -> Image | None:
        """The image of a URI; None when it is not one of this machine."""
        match = _URI.fullmatch(uri)
        if match is None:
            return None
        folder = self.home.images / match["digest"]
        try:
            about = json.loads((folder / "image.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        # The environment is found again, not remembered: Python itself may have been updated since.
        made = environment(self.home, folder / "code" / REQUIREMENTS, notify)
        return self._image(uri, about["digest"], made)

    def known(self, uri: str) -> bool:
        """Whether a URI is an image of this machine."""
        match = _URI.fullmatch(uri)
        return match is not None and (self.home.images / match["digest"] / "image.json").is_file()

    def _image(self, uri: str, digest: str, made: Path) -> Image:
        return Image(uri, digest, self.home.images / digest / "code", made / "bin" / "python")


def snapshot(repository: Path, target: Path) -> None:
    """Copy the repository's code, as it stands in the working tree."""
    for name, source in code_files(repository).items():
        file_copies.copy(source, target / name)
