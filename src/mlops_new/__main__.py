"""The door: every way a command can end, and its exit code."""

import gc
import os
import sys
from io import TextIOWrapper
from pathlib import Path

from mlops_new.errors import BUG, INTERRUPTED, Error, Invalid


def main() -> None:
    """Run the command line and exit."""
    # Start-up makes many objects that stay; looking through them for rubbish again and again takes a tenth of it.
    gc.set_threshold(50_000)
    _speak_in_any_encoding()
    code = _exit_code(sys.argv[1:])
    _let_go_of_output()
    gc.freeze()  # nor is it looked through once more at the end
    sys.exit(code)


def _exit_code(arguments: list[str]) -> int:
    as_json = "--json" in arguments
    try:
        return _run(arguments)
    except Error as error:
        return _tell(error, as_json=as_json)
    except KeyboardInterrupt:
        return _tell(_Interrupted("interrupted", hint="the same command goes on from here"), as_json=as_json)
    except BrokenPipeError:
        return 0  # whoever read our output has seen enough (`| head`)
    except OSError as error:
        return _tell(_refusal(error) or _bug(error), as_json=as_json)
    except Exception as error:  # noqa: BLE001  # the last line: whatever it is, a person gets a line and we get a log
        return _tell(_bug(error), as_json=as_json)


def _speak_in_any_encoding() -> None:
    """A letter that a terminal does not know, or a file's name that is no text, is shown by its number."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _let_go_of_output() -> None:
    """What could not be written makes Python complain once more while it closes; it goes nowhere instead."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class _Interrupted(Error):
    code = INTERRUPTED


class _Bug(Error):
    code = BUG


def _run(arguments: list[str]) -> int:
    from typer.exceptions import Abort, TyperException

    from mlops_new.cli.app import app

    try:
        code = int(app(arguments, prog_name="mlops-new", standalone_mode=False) or 0)
    except Abort:  # the input ended where a question was asked
        raise KeyboardInterrupt from None
    except SystemExit:  # the one thing that Typer ends the process for itself
        raise BrokenPipeError from None
    except TyperException as error:
        if not error.format_message():  # called with nothing: the help was shown
            return Invalid.code
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "mlops-new"
        raise Invalid(error.format_message(), hint=f"{command} --help shows what it takes") from None
    if code == INTERRUPTED:  # Typer makes a number of Ctrl-C, which has yet to be told
        raise KeyboardInterrupt
    return code


def _tell(error: Error, *, as_json: bool) -> int:
    from mlops_new.cli.console import Console

    Console(as_json=as_json).error(error)
    return error.code


def _refusal(error: OSError) -> Error | None:
    from mlops_new.system.files import translate

    return translate(error, Path(error.filename or "a file"))


def _bug(error: BaseException) -> Error:
    from mlops_new.system.crash_report import write_log

    return _Bug(f"a bug in mlops-new: {type(error).__name__}: {error}", hint=f"please send {write_log(error)}")


if __name__ == "__main__":
    main()
