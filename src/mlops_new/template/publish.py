"""The template repository: a copy of it at hand, and how versions get into it."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mlops_new.ports.git_host import GitAccess
from mlops_new.system import git, git_configuration
from mlops_new.template.copier import CACHE
from mlops_new.template.packaged import packaged_template
from mlops_new.template.source import TemplateFile

_COPY = "template.git"
# The branch of the template repository that holds the versions as they were published. `main` follows it until
# an organisation commits its own edits there; from then on only its own tags move `main`.
UPSTREAM = "mlops-new"
# Published commits are the same everywhere, so two people publishing one version publish one commit.
_PUBLISHER = "mlops-new <mlops-new@localhost> 1767225600 +0000"


def at_hand(access: GitAccess, url: str, private: Path) -> Mapping[str, str]:
    """The environment in which git, and so Copier, reads a template repository from this machine.

    Copier starts git many times for each repository that it renders. From a server elsewhere the template is fetched
    once; under the same URL git then reads that copy, and needs no credentials.

    Args:
        access: Git's way to it.
        url: The template repository.
        private: A folder of this command's own; the copy in it is used again.
    """
    if Path(url).is_absolute():
        return {}
    copy = private / _COPY
    if not copy.exists():
        with access.credentials(url) as env:
            git.clone_scratch(url, copy, env)
    return read_from(copy, url, private)


def read_from(copy: Path, url: str, private: Path) -> Mapping[str, str]:
    """The environment in which git, and so Copier, reads a copy under the URL of what it is a copy of."""
    # Copier's own cache would be shared with other programs, and is by URL: whose credentials read it is not asked.
    return git_configuration.configuration((f"url.{copy}.insteadOf", url)) | {CACHE: str(private / "copier")}


def publish(url: str, version: str, refs: Mapping[str, str], env: Mapping[str, str], private: Path) -> None:
    """Commit the packaged templates on top of what was published before, tag them, and push both or neither.

    Args:
        url: The template repository, which exists.
        version: The tag.
        refs: What the repository has, as `git.remote_refs` tells.
        env: Lets git reach it.
        private: A folder of this command's own; the copy in it serves `at_hand` afterwards.
    """
    copy = private / _COPY
    shutil.rmtree(copy, ignore_errors=True)
    git.init_bare_scratch(copy)
    parent = refs.get(f"refs/heads/{UPSTREAM}", "")
    if parent:
        git.run("fetch", "--quiet", url, f"refs/heads/{UPSTREAM}", cwd=copy, env=env)
    add_packaged(copy, version, parent)
    push(copy, url, version, refs, env)


def push(copy: Path, url: str, version: str, refs: Mapping[str, str], env: Mapping[str, str]) -> None:
    """Push what `add_packaged` made: the branch and the tag, and `main` where it has no commits of its own."""
    git.push(copy, url, *(f"refs/heads/{UPSTREAM}:{ref}" for ref in _moved(refs, version)), env=env)


def add_packaged(copy: Path, version: str, parent: str) -> None:
    """Commit the packaged templates to the branch `UPSTREAM` of a bare repository, and tag them.

    Args:
        copy: The repository; it has the parent.
        version: The tag.
        parent: The commit that the branch has in the template repository; empty where it has none.
    """
    add_files(copy, packaged_template(), version, parent)


def add_files(repository: Path, files: Sequence[TemplateFile], version: str, parent: str) -> None:
    """Commit exactly these files to the branch `UPSTREAM` of a repository, and tag them.

    Args:
        repository: It has the parent.
        files: All of the template.
        version: The tag.
        parent: A commit; empty for none.
    """
    stream = b"".join(_commit(files, version, parent))
    git.run("fast-import", "--quiet", "--force", "--depth=0", cwd=repository, stdin=stream)


def _moved(refs: Mapping[str, str], version: str) -> list[str]:
    followed = refs.get("refs/heads/main") == refs.get(f"refs/heads/{UPSTREAM}")
    return [*(["refs/heads/main"] if followed else []), f"refs/heads/{UPSTREAM}", f"refs/tags/{version}"]


def _commit(files: Sequence[TemplateFile], version: str, parent: str) -> Iterator[bytes]:
    """A commit of exactly these files, in the language of `git fast-import`."""
    message = f"mlops-new templates {version}".encode()
    yield f"commit refs/heads/{UPSTREAM}\nauthor {_PUBLISHER}\ncommitter {_PUBLISHER}\n".encode()
    yield b"data %d\n%s\n" % (len(message), message)
    yield f"from {parent}\n".encode() if parent else b""
    yield b"deleteall\n"
    for file in files:
        yield b"M %s inline %s\ndata %d\n" % (file.mode.encode(), _quoted(file.name), len(file.content))
        yield file.content + b"\n"
    yield f"reset refs/tags/{version}\nfrom refs/heads/{UPSTREAM}\n".encode()


def _quoted(name: str) -> bytes:
    """A path as Git's own tools write it."""
    plain = os.fsencode(name).replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + plain + b'"'
