"""What is shown and asked."""

import io

import pytest

from mlops_new.cli.console import Console


class Somebody(Console):
    """A console with a person in front of it."""

    @property
    def interactive(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "agreed"), [("\n", True), ("y\n", True), ("YES\n", True), ("n\n", False), ("nope\n", False), ("", False)]
)
def test_only_a_yes_or_enter_agrees(monkeypatch: pytest.MonkeyPatch, typed: str, *, agreed: bool) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert Somebody().confirm("Go ahead?") is agreed
