"""The templates that come with the program."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from mlops_new import __version__
from mlops_new.names import Kind
from mlops_new.template.source import TemplateFile, standing

PACKAGED_VERSION = f"v{__version__}"
_INSTALLED = Path(__file__).resolve().parents[1] / "_template"
_CHECKOUT = Path(__file__).resolve().parents[3]


def packaged() -> Path:
    """The folder with `copier.yml` and `templates/`: the checkout, or unpacked for as long as the program runs."""
    return _unpacked(_INSTALLED) if _INSTALLED.is_dir() else _CHECKOUT


@cache
def _unpacked(installed: Path) -> Path:
    from mlops_new.system.archives import unpack  # a checkout needs none

    folder = Path(tempfile.mkdtemp(prefix="mlops-new-templates-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copyfile(installed / "copier.yml", folder / "copier.yml")
    unpack(installed / "templates.tar.gz", folder)
    return folder


def copy_questions(folder: Path) -> str:
    """The packaged questions in a folder of their own: the checkout of a developer would be cloned, for seconds."""
    questions = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT  # and nothing is unpacked for them
    shutil.copyfile(questions / "copier.yml", folder / "copier.yml")
    for kind in Kind:
        (folder / "templates" / kind).mkdir(parents=True)
    return str(folder)


# Of a checkout of this program: the rest of it is no template.
_PARTS = ("copier.yml", "templates")


def packaged_template() -> list[TemplateFile]:
    """The program's own template, the same from a checkout as from where it is installed."""
    return standing(packaged(), _PARTS)


def packaged_files() -> list[tuple[str, Path]]:
    """The same as paths from the template's root, and the files."""
    return [(one.name, packaged() / one.name) for one in packaged_template()]
