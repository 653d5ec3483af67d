"""A log file that is worth sending: what was typed, which versions, where it broke."""

import os
import platform
import sys
import tempfile
import traceback
from pathlib import Path

from mlops_new import __version__
from mlops_new.settings.load import home


def write_log(error: BaseException) -> Path:
    """Write the log and return where it is; in the temporary folder where our own cannot be written."""
    text = "\n".join([*_about(), "", "".join(traceback.format_exception(error))])
    for folder in (home() / "logs", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / f"mlops-new-bug-{os.getpid()}.log"
            file.write_text(text, encoding="utf-8")
        except OSError:
            continue
        return file
    return Path(os.devnull)


def _about() -> list[str]:
    # Arguments carry no secret: those come by environment only, and the environment is not written here.
    return [
        f"mlops-new {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"command: {' '.join(sys.argv[1:])}",
        f"folder: {Path.cwd()}",
    ]
