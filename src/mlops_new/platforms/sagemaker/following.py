"""Following an execution to its end, telling what happens as the embedded platform does."""

from collections.abc import Callable, Iterator

from mlops_new.errors import Error
from mlops_new.platforms.sagemaker.execution_reader import Reader
from mlops_new.ports.events import Event, Listener, StepEnded, StepStarted
from mlops_new.ports.executions import Execution, Status, Step

# Seconds between two looks: short after something has happened, longer while nothing does.
_SHORTEST, _LONGEST, _GROWTH = 1.0, 15.0, 1.5
_ENDED = {Status.SUCCEEDED, Status.FAILED, Status.STOPPED, Status.NOT_RUN}


def follow(
    reader: Reader, listener: Listener, *, sleep: Callable[[float], None], execution: Execution | None = None
) -> Execution:
    """Look again and again until it has ended.

    Ctrl-C ends the looking and nothing else: the execution goes on, and what is given back says so.

    Args:
        reader: Reads the execution.
        listener: Gets every event.
        sleep: Waits so many seconds.
        execution: As it was when somebody last heard of it; what has not changed since is not told again.
    """
    known = _by_name(execution) if execution else {}
    pause = _SHORTEST
    seen = execution
    try:
        while True:
            seen = reader.read()
            events = [event for step in seen.steps for event in _events(step, known.get(step.name))]
            for event in events:
                listener(event)
            if seen.status is not Status.EXECUTING:
                return seen
            known = _by_name(seen)
            pause = _SHORTEST if events else min(pause * _GROWTH, _LONGEST)
            sleep(pause)
    except KeyboardInterrupt:
        return seen or reader.unseen()
    except Error as error:
        again = f"the execution goes on: mlops-new run --platform sagemaker --resume {reader.id} follows it again"
        error.hint = f"{error.hint}; {again}" if error.hint else again
        raise


def _by_name(execution: Execution) -> dict[str, Step]:
    return {step.name: step for step in execution.steps}


def _events(step: Step, before: Step | None) -> Iterator[Event]:
    """What has happened to a step between two looks; a step that is tried again has another time of start."""
    is_new = before is None or before.started != step.started
    if step.started and is_new:
        yield StepStarted(step)
    if step.status in _ENDED and (is_new or before is None or before.status is not step.status):
        yield StepEnded(step)
