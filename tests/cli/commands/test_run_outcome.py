"""What is told about a run that has ended."""

from pathlib import Path

import pytest

from mlops_new.cli.commands.run_outcome import _decision, _findings, _sentences, _withheld
from mlops_new.platforms.local.platform import LocalObjects
from mlops_new.platforms.local.store.object_store import ObjectStore


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
    objects = LocalObjects(ObjectStore(tmp_path))
    objects.store.put_text(written, "s3://bucket/odd/decision.json")
    assert _decision({"odd": "s3://bucket/odd"}, objects) == told
    assert _decision({"odd": "s3://bucket/even"}, objects) is None


@pytest.mark.parametrize(
    "written", ["[1]", "{}", '{"violations": 3}', '{"violations": [4, {"feature": 5}]}', "not JSON"]
)
def test_details_that_say_something_else_have_no_sentences(tmp_path: Path, written: str) -> None:
    objects = LocalObjects(ObjectStore(tmp_path))
    objects.store.put_text(written, "s3://bucket/run/attribution/check.json")
    assert _findings({"attribution": "s3://bucket/run/attribution"}, objects) == []


def test_what_was_found_is_told_in_sentences(tmp_path: Path) -> None:
    objects = LocalObjects(ObjectStore(tmp_path))
    told = '{"violations": [{"feature": "price", "sentence": "price: 22 % → 2 %."}, {"feature": "x", "sentence": ""}]}'
    objects.store.put_text(told, "s3://bucket/run/attribution/check.json")
    found = _findings({"attribution": "s3://bucket/run/attribution", "other": "s3://bucket/run/other"}, objects)
    assert found == [{"check": "attribution", "feature": "price", "sentence": "price: 22 % → 2 %."}]
    assert _sentences(found) == ["  ! price: 22 % → 2 %."]
    many = [{"check": "data_quality", "feature": str(place), "sentence": f"{place}."} for place in range(8)]
    assert _sentences(many)[-1] == "  ! … and 3 more"


def test_forecasts_that_were_kept_back_are_known_by_their_manifest(tmp_path: Path) -> None:
    objects = LocalObjects(ObjectStore(tmp_path))
    stored = {"withheld": "s3://bucket/run/withheld"}
    assert _withheld(stored, objects) is None
    objects.store.put_text("{}", "s3://bucket/run/withheld/manifest.json")
    assert "withheld" in str(_withheld(stored, objects))
    assert _withheld({}, objects) is None
