"""What is told about a run that has ended."""

from pathlib import Path

import pytest

from mlops_new.commands.outcome import _decision
from mlops_new.platforms.local.runs import LocalRuns


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
    platform = LocalRuns(tmp_path)
    platform.stores.objects.put_text(written, "s3://bucket/odd/decision.json")
    assert _decision({"odd": "s3://bucket/odd"}, platform) == told
    assert _decision({"odd": "s3://bucket/even"}, platform) is None
    platform.close()
