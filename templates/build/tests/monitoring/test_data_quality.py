"""Baselines and checks: every check fires on its fault, and on nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from model import schema
from model.errors import InputError
from monitoring import data_quality
from monitoring.settings import DataQuality
from tests.cases import document

if TYPE_CHECKING:
    from pathlib import Path

    from model.schema import Schema
    from monitoring.findings import Result

PLAIN = schema.parse(document(data={"categorical": ["code"]}))
DAILY = schema.parse(document(data={"time": "day", "ids": ["day", "shop"], "evaluation": 7, "categorical": ["code"]}))


def table(rows: int = 2000, seed: int = 0) -> pd.DataFrame:
    draws = np.random.default_rng(seed)
    return pd.DataFrame({
        "size": draws.gamma(2, 3, rows),
        "change": draws.normal(0, 1, rows),
        "count": draws.poisson(4, rows),
        "code": draws.integers(1, 6, rows),
        "kind": draws.choice(["red", "green", "blue"], rows, p=[0.5, 0.3, 0.2]),
        "some": np.where(draws.random(rows) < 0.1, np.nan, draws.normal(size=rows)),
        "y": draws.normal(size=rows),
    })  # fmt: skip


def write(frame: pd.DataFrame, folder: Path, name: str = "t.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / name, index=False)
    return folder


def checked(
    tmp_path: Path,
    batch: pd.DataFrame,
    known: pd.DataFrame | None = None,
    *,
    of: Schema = PLAIN,
    config: DataQuality | None = None,
) -> Result:
    config = config or DataQuality()
    baseline = tmp_path / "baseline"
    data_quality.make_baseline(write(table() if known is None else known, tmp_path / "train"), baseline, of, config)
    return data_quality.check(write(batch, tmp_path / "batch"), baseline, tmp_path / "out", of, config)


def fired(result: Result) -> set[tuple[str, str]]:
    return {(finding.feature, finding.check) for finding in result.findings}


def test_its_own_baseline_is_never_violated(tmp_path: Path) -> None:
    result = checked(tmp_path, table())
    assert not result.findings
    assert not result.skipped
    assert result.message == "Completed: Job completed successfully with no violations."


def test_another_sample_violates_nothing(tmp_path: Path) -> None:
    assert not checked(tmp_path, table(300, seed=1).sample(frac=1, random_state=1)).findings


FAULTS: dict[str, tuple[Any, str, str]] = {
    "mistyped": (lambda t: t.assign(size=t["size"].mask(t.index % 50 == 0, "?")), "size", "data_type_check"),
    "parts": (lambda t: t.assign(count=t["count"] + 0.5), "count", "data_type_check"),
    "missing": (lambda t: t.assign(kind=t["kind"].mask(t.index % 20 == 3)), "kind", "completeness_check"),
    "more missing": (lambda t: t.assign(some=t["some"].mask(t.index % 3 == 0)), "some", "completeness_check"),
    "gone": (lambda t: t.drop(columns="change"), "change", "missing_column_check"),
    "more": (lambda t: t.assign(new=1), "new", "extra_column_check"),
    "new code": (lambda t: t.assign(code=t["code"].mask(t.index % 9 == 0, 17)), "code", "categorical_values_check"),
    "moved": (lambda t: t.assign(change=t["change"] + 1), "change", "baseline_drift_check"),
    "mixed": (lambda t: t.assign(kind="red"), "kind", "baseline_drift_check"),
    "negative": (lambda t: t.assign(size=-t["size"]), "size", "non_negative_check"),
    "infinite": (lambda t: t.assign(size=t["size"].mask(t.index == 5, np.inf)), "size", "data_type_check"),
    "empty": (lambda t: t.assign(change=np.nan), "change", "completeness_check"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_found(tmp_path: Path, name: str) -> None:
    strike, column, check = FAULTS[name]
    frame = table(600, seed=2).astype(object)
    result = checked(tmp_path, strike(frame))
    assert (column, check) in fired(result)
    assert {feature for feature, _ in fired(result)} == {column}
    assert result.message.startswith("CompletedWithViolations: Job completed successfully with ")


def test_violations_have_model_monitors_form(tmp_path: Path) -> None:
    checked(tmp_path, table(600).assign(count=0.5))
    document = json.loads((tmp_path / "out" / "constraint_violations.json").read_text(encoding="utf-8"))
    assert {frozenset(item) for item in document["violations"]} == {
        frozenset({"feature_name", "constraint_check_type", "description"})
    }
    by_check = {item["constraint_check_type"]: item for item in document["violations"]}
    assert by_check["data_type_check"] == {
        "feature_name": "count",
        "constraint_check_type": "data_type_check",
        "description": "Data type match requirement is not met. Expected data type: Integral, Expected match: 100.0%. "
        "Observed: Only 0.0% of data is Integral.",
    }
    assert "distance: " in by_check["baseline_drift_check"]["description"]
    assert "exceeds threshold: 0.05" in by_check["baseline_drift_check"]["description"]


def test_statistics_are_what_they_say(tmp_path: Path) -> None:
    known = table()
    checked(tmp_path, known)
    document = json.loads((tmp_path / "baseline" / "statistics.json").read_text(encoding="utf-8"))
    features = {item["name"]: item for item in document["features"]}
    assert document["dataset"]["item_count"] == 2000
    assert {name: item["inferred_type"] for name, item in features.items()} == {
        "size": "Fractional", "change": "Fractional", "count": "Integral", "code": "String", "kind": "String",
        "some": "Fractional",
    }  # fmt: skip
    told = features["size"]["numerical_statistics"]
    assert told["common"] == {"num_present": 2000, "num_missing": 0}
    for key, value in (
        ("mean", known["size"].mean()),
        ("sum", known["size"].sum()),
        ("std_dev", known["size"].std(ddof=0)),
    ):
        assert told[key] == pytest.approx(value, rel=1e-12)
    assert (told["min"], told["max"]) == (known["size"].min(), known["size"].max())
    buckets = told["distribution"]["kll"]["buckets"]
    assert [bucket["count"] for bucket in buckets] == np.histogram(known["size"], 10)[0].tolist()
    assert told["distribution"]["kll"]["sketch"]["parameters"]["k"] == 2048.0
    kinds = features["kind"]["string_statistics"]
    assert kinds["distinct_count"] == 3
    assert kinds["distribution"]["categorical"]["buckets"][0] == {
        "value": "red", "count": int((known["kind"] == "red").sum()),
    }  # fmt: skip


def test_constraints_are_what_they_say(tmp_path: Path) -> None:
    checked(tmp_path, table())
    document = json.loads((tmp_path / "baseline" / "constraints.json").read_text(encoding="utf-8"))
    features = {item["name"]: item for item in document["features"]}
    assert features["size"]["num_constraints"] == {"is_non_negative": True}
    assert features["change"]["num_constraints"] == {"is_non_negative": False}
    assert features["code"]["string_constraints"] == {"domains": ["1", "2", "3", "4", "5"]}
    assert features["some"]["completeness"] == pytest.approx(table()["some"].notna().mean())
    assert document["monitoring_config"]["distribution_constraints"]["comparison_method"] == "Robust"


def test_what_model_monitor_wrote_is_read(tmp_path: Path) -> None:
    baseline = tmp_path / "baseline"
    baseline.mkdir()
    values = [float(value) for value in range(100)]
    sketch = {"parameters": {"c": 0.64, "k": 2048.0}, "data": [values, values[::2]]}
    statistics = {
        "version": 0.0,
        "dataset": {"item_count": 200},
        "features": [
            {
                "name": "x", "inferred_type": "Fractional",
                "numerical_statistics": {
                    "common": {"num_present": 200, "num_missing": 0}, "mean": 49.5, "sum": 9900.0, "std_dev": 28.9,
                    "min": 0.0, "max": 99.0, "distribution": {"kll": {"buckets": [], "sketch": sketch}},
                },
            },
            {
                "name": "k", "inferred_type": "String",
                "string_statistics": {
                    "common": {"num_present": 200, "num_missing": 0}, "distinct_count": 1.0,
                    "distribution": {"categorical": {"buckets": [{"value": "abc", "count": 200}]}},
                },
            },
        ],
    }  # fmt: skip
    constraints = {
        "version": 0,
        "features": [
            {
                "name": "x", "inferred_type": "Fractional", "completeness": 1.0,
                "num_constraints": {"is_non_negative": True},
            },
            {
                "name": "k", "inferred_type": "String", "completeness": 1.0,
                "string_constraints": {
                    "domains": ["abc"], "monitoring_config_overrides": {"domain_content_threshold": 0.5},
                },
            },
        ],
        "monitoring_config": {
            "evaluate_constraints": "Enabled",
            "distribution_constraints": {
                "perform_comparison": "Enabled", "comparison_threshold": 0.3, "comparison_method": "linf_simple",
                "categorical_comparison_threshold": 0.9, "categorical_drift_method": "LInfinity",
            },
        },
    }  # fmt: skip
    (baseline / "statistics.json").write_text(json.dumps(statistics), encoding="utf-8")
    (baseline / "constraints.json").write_text(json.dumps(constraints), encoding="utf-8")
    good = pd.DataFrame({"x": np.linspace(0, 99, 80), "k": ["abc", "other", "abc", "abc"] * 20})
    result = data_quality.check(write(good, tmp_path / "batch"), baseline, tmp_path / "out", PLAIN, DataQuality())
    assert not result.findings
    moved = good.assign(x=good["x"] + 50)
    result = data_quality.check(write(moved, tmp_path / "batch"), baseline, tmp_path / "out", PLAIN, DataQuality())
    assert fired(result) == {("x", "baseline_drift_check")}


def test_checks_can_be_switched_off_as_the_sdk_does(tmp_path: Path) -> None:
    checked(tmp_path, table(600))
    file = tmp_path / "baseline" / "constraints.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    by_name = {item["name"]: item for item in document["features"]}
    by_name["change"]["monitoring_config_overrides"] = {"evaluate_constraints": "Disabled"}
    file.write_text(json.dumps(document), encoding="utf-8")
    batch = write(table(600).assign(change=1e9, size=-1.0), tmp_path / "batch")
    result = data_quality.check(batch, tmp_path / "baseline", tmp_path / "out", PLAIN, DataQuality())
    assert {feature for feature, _ in fired(result)} == {"size"}
    assert [(item.feature, item.check) for item in result.skipped] == [("change", "all checks")]
    document["monitoring_config"]["evaluate_constraints"] = "Disabled"
    file.write_text(json.dumps(document), encoding="utf-8")
    result = data_quality.check(batch, tmp_path / "baseline", tmp_path / "out", PLAIN, DataQuality())
    assert not result.findings
    assert "6 checks could not be made" in result.message


@pytest.mark.parametrize("method", ["LInfinity", "ChiSquared"])
def test_categories_are_compared_by_either_method(tmp_path: Path, method: str) -> None:
    config = DataQuality(
        categorical_drift_method=method, categorical_comparison_threshold=0.001 if method != "LInfinity" else 0.1
    )
    assert not checked(tmp_path, table(500, seed=3), config=config).findings
    other = table(500, seed=3).assign(kind=np.where(np.arange(500) % 3 == 0, "blue", table(500, seed=3)["kind"]))
    assert fired(checked(tmp_path, other, config=config)) == {("kind", "baseline_drift_check")}


def test_ignored_columns_are_not_looked_at(tmp_path: Path) -> None:
    config = DataQuality(ignore=("change",))
    assert not checked(tmp_path, table(600).assign(change=1e9), config=config).findings


# Bad input: a named error or a documented result, never a false "no violations".


def test_an_empty_batch_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the table has no rows"):
        checked(tmp_path, table().head(0))


def test_one_row_is_too_few_to_compare_and_the_message_says_so(tmp_path: Path) -> None:
    result = checked(tmp_path, table(1))
    assert not result.findings
    assert len(result.skipped) == 6
    assert "6 checks could not be made" in result.message
    assert "too few" in result.message


def test_one_row_of_a_wrong_type_is_found(tmp_path: Path) -> None:
    assert ("size", "data_type_check") in fired(checked(tmp_path, table(1).astype(object).assign(size="?")))


@pytest.mark.parametrize("value", [7.0, 0.1, "same"])
def test_a_constant_column_is_its_own_baseline(tmp_path: Path, value: object) -> None:
    known = table().assign(size=value)
    assert not checked(tmp_path, known.head(300), known).findings
    changed = known.head(300).assign(size=8.0 if isinstance(value, float) else "other")
    assert ("size", "baseline_drift_check") in fired(checked(tmp_path, changed, known))


def test_a_column_without_values_is_unknown_and_says_so(tmp_path: Path) -> None:
    known = table().assign(size=np.nan)
    assert not checked(tmp_path, known.head(300), known).findings
    result = checked(tmp_path, table(300), known)
    assert [(item.feature, item.reason) for item in result.skipped] == [("size", "the baseline has no values of it")]


def test_infinities_of_the_baseline_are_allowed_in_the_batch(tmp_path: Path) -> None:
    known = table().assign(size=table()["size"].mask(table().index % 40 == 0, np.inf))
    assert not checked(tmp_path, known, known).findings


def test_many_categories_are_compared_by_groups(tmp_path: Path) -> None:
    def sessions(first: int) -> pd.DataFrame:
        return pd.DataFrame({"id": [f"session-{number}" for number in range(first, first + 100_000)], "y": 1.0})

    assert not checked(tmp_path, sessions(500_000), sessions(0)).findings
    one = sessions(0).assign(id=lambda t: t["id"].where(t.index % 3 > 0, "unknown"))
    assert fired(checked(tmp_path, one, sessions(0))) == {("id", "baseline_drift_check")}


def test_too_many_categories_for_a_domain_are_outside_of_it(tmp_path: Path) -> None:
    known = table()
    batch = pd.concat([known] * 40, ignore_index=True).assign(kind=lambda t: [f"k{number}" for number in t.index])
    assert {("kind", "categorical_values_check"), ("kind", "baseline_drift_check")} <= fired(
        checked(tmp_path, batch, known)
    )


def test_mixed_types_are_text(tmp_path: Path) -> None:
    known = table().astype(object).assign(size=lambda t: t["size"].round(1).where(t.index % 2 > 0, "on request"))
    assert not checked(tmp_path, known.head(500), known).findings
    result = checked(tmp_path, known.head(500).assign(size="on request"), known)
    assert ("size", "baseline_drift_check") in fired(result)


def test_a_batch_of_another_delimiter_means_the_same(tmp_path: Path) -> None:
    data_quality.make_baseline(write(table(), tmp_path / "train"), tmp_path / "baseline", PLAIN, DataQuality())
    batch = tmp_path / "batch"
    batch.mkdir()
    table().to_csv(batch / "t.csv", index=False, sep=";")
    found = data_quality.check(batch, tmp_path / "baseline", tmp_path / "out", PLAIN, DataQuality())
    assert (found.facts["rows"], found.findings) == (len(table()), [])


def test_a_baseline_of_another_schema_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none of the columns of the baseline"):
        checked(tmp_path, pd.DataFrame({"other": [1.0, 2.0]}))


def test_a_missing_baseline_is_an_error(tmp_path: Path) -> None:
    batch = write(table(50), tmp_path / "batch")
    with pytest.raises(InputError, match=r"there is no baseline: statistics\.json .* Nothing was checked"):
        data_quality.check(batch, tmp_path / "nowhere", tmp_path / "out", PLAIN, DataQuality())


@pytest.mark.parametrize("content", ["", "{", "[]", '{"features": 1}', '{"features": [{}]}', '{"version": 0.0}'])
@pytest.mark.parametrize("name", ["statistics.json", "constraints.json"])
def test_a_damaged_baseline_is_an_error(tmp_path: Path, name: str, content: str) -> None:
    baseline = tmp_path / "baseline"
    data_quality.make_baseline(write(table(100), tmp_path / "train"), baseline, PLAIN, DataQuality())
    (baseline / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"not valid JSON|not as Model Monitor writes it"):
        data_quality.check(write(table(50), tmp_path / "batch"), baseline, tmp_path / "out", PLAIN, DataQuality())


# Seasons: a batch is compared with stretches of the baseline that are as long as it is.


def seasons(first: int, days: int, seed: int = 0) -> pd.DataFrame:
    """Days of shops with a yearly season, prices that change by quarter, and holidays."""
    draws = np.random.default_rng([seed, first])
    rows = []
    for day in range(first, first + days):
        warmth = 10 * np.sin(2 * np.pi * day / 365) + 2 * draws.normal()
        price = 10 + np.random.default_rng([seed, day // 91]).normal()
        for shop in range(20):
            holiday = "feast" if day % 365 in {100, 101} else ""
            rows.append(
                (
                    pd.Timestamp("2020-01-02") + pd.Timedelta(days=day),
                    shop,
                    warmth + draws.normal(),
                    price,
                    holiday,
                    1 + shop % 5,
                )
            )
    frame = pd.DataFrame(rows, columns=["day", "shop", "warmth", "price", "holiday", "code"])
    return frame.assign(day=frame["day"].dt.strftime("%Y-%m-%d"), y=1.0)


def test_no_check_fires_on_ten_good_weeks(tmp_path: Path) -> None:
    known = seasons(0, 3 * 364)
    config = DataQuality(ignore=("shop",))
    for week in range(10):
        result = checked(tmp_path, seasons(3 * 364 + 7 * (week + 8), 7), known, of=DAILY, config=config)
        assert not result.findings, week
        assert not {item.feature for item in result.skipped} - {"holiday"}, week  # three windows have seen one


def test_faults_of_a_week_are_found(tmp_path: Path) -> None:
    known, week = seasons(0, 3 * 364), seasons(3 * 364 + 70, 7)
    for column, frame in {
        "warmth": week.assign(warmth=week["warmth"] * 9 / 5 + 32),
        "price": week.assign(price=week["warmth"]),
        "code": week.assign(code=week["code"].mask(week.index % 3 == 0, 9)),
    }.items():
        assert column in {feature for feature, _ in fired(checked(tmp_path, frame, known, of=DAILY))}


def test_a_week_without_windows_would_be_a_false_alarm(tmp_path: Path) -> None:
    known, week = seasons(0, 3 * 364), seasons(3 * 364 + 70, 7)
    config = DataQuality(window_days=0)
    assert ("warmth", "baseline_drift_check") in fired(checked(tmp_path, week, known, of=DAILY, config=config))


def test_a_longer_batch_is_compared_with_longer_windows(tmp_path: Path) -> None:
    known = seasons(0, 3 * 364)
    assert not checked(tmp_path, seasons(3 * 364 + 7, 28), known, of=DAILY).findings
    assert not checked(tmp_path, known, known, of=DAILY).findings


def test_a_single_day_is_judged_by_what_days_in_a_window_vary(tmp_path: Path) -> None:
    known, day = seasons(0, 3 * 364), seasons(3 * 364 + 7, 1)
    assert not checked(tmp_path, day, known, of=DAILY).findings
    assert ("warmth", "baseline_drift_check") in fired(
        checked(tmp_path, day.assign(warmth=day["warmth"] + 25), known, of=DAILY)
    )


def test_a_time_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'day' is the time, but has values that are no dates"):
        checked(tmp_path, seasons(0, 7), seasons(0, 30).assign(day="yesterday"), of=DAILY)
