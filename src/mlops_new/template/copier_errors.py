"""What Copier, Jinja and their git raise, as errors of ours."""

import os
import re
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlops_new.errors import Error, Invalid


@contextmanager
def as_our_errors() -> Iterator[None]:
    """Raise what they raise as `Error` or `Invalid`."""
    from copier.errors import CopierError, CopierWarning, UserMessageError
    from jinja2 import TemplateError
    from plumbum.commands.processes import ProcessExecutionError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CopierWarning)
            yield
    except (KeyboardInterrupt, Error):
        raise
    except ProcessExecutionError as error:
        raise Error(f"git could not read the template repository: {_last_words(error.stderr)}") from error
    except UserMessageError as error:
        raise Error(f"the template cannot be rendered: {first_line(error)}") from error
    except TemplateError as error:
        raise Error(f"the template cannot be rendered: {_where(error)}{_what(error)}", hint=_MAINTAINER) from error
    except (ValueError, TypeError) as error:
        # What Copier raises for an answer of the wrong type or outside the choices.
        raise Invalid(f"an answer is refused: {first_line(error)}") from error
    except CopierError as error:
        raise Error(f"the template cannot be rendered: {first_line(error)}") from error


_MAINTAINER = "`mlops-new template check FOLDER` tells all of its faults before a version is published"


def _what(error: Exception) -> str:
    from jinja2 import TemplateNotFound, TemplatesNotFound

    match error:
        case TemplatesNotFound():
            return f"there is none of the files {', '.join(map(str, error.templates))}, which it includes or imports"
        case TemplateNotFound():
            return f"there is no file {error.name or error}, which it includes or imports"
        case _:
            return first_line(error)


def _where(error: Exception) -> str:
    """The file of the template, and the line, that Jinja was at; it puts them into the traceback."""
    from jinja2 import TemplateSyntaxError

    if isinstance(error, TemplateSyntaxError):
        return f"{_from_root(error.filename or error.name or '')}:{error.lineno}: "
    frames = [one for one in traceback.extract_tb(error.__traceback__) if _JINJA_FRAME.match(one.name)]
    return f"{_from_root(frames[-1].filename)}:{frames[-1].lineno}: " if frames else ""


# What Jinja calls the code of a template where it rewrites a traceback.
_JINJA_FRAME = re.compile(r"top-level template code|template|block '|macro '")


def _from_root(file: str) -> str:
    """Without the place that Copier has cloned the template to."""
    _, clone, inside = file.rpartition("copier._vcs.clone.")
    return inside.partition("/")[2] if clone else file


def place_within(repository: Path, error: OSError) -> str:
    """The file that an error is about, as it is named in the repository, and what is wrong."""
    name = str(error.filename or "").removeprefix(f"{repository}{os.sep}")
    return f"{name}: {(error.strerror or str(error)).lower()}"


def _last_words(said: str) -> str:
    """Why git has given up: it tells what it does before."""
    lines = [line.strip() for line in said.strip().splitlines()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:", "ERROR:"))]
    return (fatal or lines or ["no reason given"])[0]


def first_line(error: object) -> str:
    """What an error says first."""
    return (str(error).strip().splitlines() or ["no reason given"])[0]
