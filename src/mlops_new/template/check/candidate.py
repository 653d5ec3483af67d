"""The templates that are checked, as a template repository of their own: the released versions and the new one."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_new.ports.templates import Template
from mlops_new.system import git
from mlops_new.template.publish import UPSTREAM, add_files
from mlops_new.template.questions import read_questions
from mlops_new.template.source import TemplateFile
from mlops_new.template.versions import tags

# Newer than all that is released.
VERSION = "v9999.0.0"


@dataclass(frozen=True)
class Candidate:
    """What is checked.

    Args:
        path: A bare repository with the released versions, and the candidate as `VERSION`.
        released: The released versions, the oldest first.
        questions: The questions' file.
        digest: Of everything that is rendered.
    """

    path: Path
    released: tuple[str, ...]
    questions: Mapping[str, Any]
    digest: str

    def template(self, version: str = VERSION) -> Template:
        """A version of it."""
        return Template(str(self.path), version)


def gather(files: Sequence[TemplateFile], released: str | None, env: Mapping[str, str], place: Path) -> Candidate:
    """Put a template on top of the versions that were released.

    Args:
        files: All of it.
        released: The repository with the released versions; None where there are none.
        env: Lets git read it.
        place: Where the bare repository is made.
    """
    git.init_bare_scratch(place)
    if released:
        git.run("fetch", "--quiet", released, "+refs/tags/*:refs/tags/*", cwd=place, env=env)
    add_files(place, files, VERSION, "")
    git.run("symbolic-ref", "HEAD", f"refs/heads/{UPSTREAM}", cwd=place)
    refs = git.remote_refs(str(place))
    versions = tuple(tag for tag in tags(refs) if tag != VERSION)
    questions = read_questions(place, str(git.commit_of(place, f"refs/tags/{VERSION}")))
    return Candidate(place, versions, questions, _digest(files))


def _digest(files: Sequence[TemplateFile]) -> str:
    return hashlib.sha256(b"".join(_told(files))).hexdigest()


def _told(files: Sequence[TemplateFile]) -> Iterator[bytes]:
    for file in files:
        yield f"{file.mode} {hashlib.sha256(file.content).hexdigest()} ".encode() + os.fsencode(file.name) + b"\n"
