"""What is told about a run that has ended."""

from pathlib import Path

import pytest

from mlops_new.commands.outcome import _decision


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('{"retrain": true, "reasons": ["drift"], "more": 1}', {"retrain": True, "reasons": ["drift"]}),
        ("[1]", None),
        ('{"approve": true}', None),
        ('{"retrain": "maybe", "reasons": "none"}', None),
        ("not JSON", None),
    ],
)
def test_another_pipelines_decision_file_is_its_own_affair(
    tmp_path: Path, written: str, told: dict[str, object] | None
) -> None:
    (tmp_path / "decision.json").write_text(written, encoding="utf-8")
    assert _decision({"odd": str(tmp_path)}) == told
    assert _decision({}) is None
