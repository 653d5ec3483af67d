"""Data processing of a transform job: filtering what is sent, joining it with what comes back, filtering the result."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mlops_new.platforms.local.jobs.delimited import fields, records
from mlops_new.platforms.local.jobs.jsonpath import FilterError, Selector, selector


class Association(Protocol):
    """What happens to a batch on its way to the server and back."""

    def sent(self, batch: bytes) -> bytes:
        """What the server gets of a batch."""

    def result(self, batch: bytes, answer: bytes) -> bytes:
        """What is stored for a batch and the server's answer."""


class Plain:
    """Nothing is filtered or joined: bytes in, bytes out."""

    def sent(self, batch: bytes) -> bytes:
        """The batch itself."""
        return batch

    def result(self, batch: bytes, answer: bytes) -> bytes:  # noqa: ARG002 - the protocol's
        """The answer itself."""
        return answer


@dataclass(frozen=True)
class Csv:
    """CSV: a record is a list of columns; the answer's columns are put after the input's.

    Args:
        before: The input filter; None for everything.
        after: The output filter; None for everything.
        join: Whether the input stands before the answer.
    """

    before: Selector | None
    after: Selector | None
    join: bool

    def sent(self, batch: bytes) -> bytes:
        """The chosen columns of every record."""
        return batch if self.before is None else b"\n".join(_columns(self.before, records(batch, quoted=True)))

    def result(self, batch: bytes, answer: bytes) -> bytes:
        """One line a record."""
        rows = records(answer, quoted=True)
        if self.join:
            given = records(batch, quoted=True)
            _same_number(given, rows)
            rows = list(map(b",".join, zip(given, rows, strict=True)))
        if self.after is not None:
            rows = _columns(self.after, rows)
        return b"\n".join(rows) + b"\n"


@dataclass(frozen=True)
class Json:
    """JSON or JSON Lines: a record is a JSON value; the answer becomes its member `SageMakerOutput`.

    Args:
        before: The input filter; None for everything.
        after: The output filter; None for everything.
        join: Whether the input stands around the answer.
        lines: A record is a line; otherwise the whole batch is one record.
    """

    before: Selector | None
    after: Selector | None
    join: bool
    lines: bool

    def sent(self, batch: bytes) -> bytes:
        """The chosen part of every record."""
        if self.before is None:
            return batch
        return b"\n".join(_dump(self.before(_load(record))) for record in self._records(batch))

    def result(self, batch: bytes, answer: bytes) -> bytes:
        """One line a record."""
        answers = self._records(answer)
        if self.join:
            given = self._records(batch)
            _same_number(given, answers)
            answers = [_joined(*pair) for pair in zip(given, answers, strict=True)]
        if self.after is not None:
            answers = [_dump(self.after(_load(record))) for record in answers]
        return b"\n".join(answers) + b"\n"

    def _records(self, batch: bytes) -> list[bytes]:
        return records(batch, quoted=False) if self.lines else [batch.strip()]


def association(processing: Mapping[str, Any], *, sent: str, received: str, lines: bool) -> Association:
    """What a job's `DataProcessing` asks for.

    Args:
        processing: InputFilter, OutputFilter, JoinSource.
        sent: The content type of the input.
        received: The content type asked for; empty when none is.
        lines: The input is split by line.

    Raises:
        FilterError: A filter cannot be read, or the types do not go together.
    """
    before, after = (_selector(processing.get(name)) for name in ("InputFilter", "OutputFilter"))
    join = processing.get("JoinSource", "None") == "Input"
    if not (before or after or join):
        return Plain()
    one, other = _family(sent), _family(received or sent)
    if one is None or one != other:
        raise FilterError(
            f"filters and joins need text/csv, application/jsonlines or application/json on both sides, not"
            f" {sent or 'nothing'} and {received or 'nothing'}"
        )
    return Csv(before, after, join) if one == "csv" else Json(before, after, join, lines)


def is_csv(content_type: str) -> bool:
    """Whether the content is CSV."""
    return _family(content_type) == "csv"


def _selector(expression: str | None) -> Selector | None:
    return None if expression in {None, "", "$"} else selector(str(expression))


def _family(content_type: str) -> str | None:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "text/csv":
        return "csv"
    return "json" if kind in {"application/json", "application/jsonlines", "application/x-jsonlines"} else None


def _columns(chosen: Selector, rows: list[bytes]) -> list[bytes]:
    selected = (chosen(fields(row)) for row in rows)
    return [b",".join(part) if isinstance(part, list) else part for part in selected]


def _same_number(given: list[bytes], answers: list[bytes]) -> None:
    if len(given) != len(answers):
        raise FilterError(f"the server answered {len(answers)} rows to {len(given)} records: they cannot be joined")


def _joined(record: bytes, answer: bytes) -> bytes:
    # Two JSON texts make a third one by concatenation; parsing would only cost time and change the numbers' spelling.
    start, answer = record.strip(), answer.strip()
    if not (start.startswith(b"{") and start.endswith(b"}")):
        return b'{"SageMakerInput":%b,"SageMakerOutput":%b}' % (start, answer)
    members = start[1:-1].strip()
    return b'{%b%b"SageMakerOutput":%b}' % (members, b"," if members else b"", answer)


def _load(record: bytes) -> Any:
    try:
        return json.loads(record)
    except ValueError:
        raise FilterError(f"{record[:60].decode(errors='replace')!r} is no JSON record") from None


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
