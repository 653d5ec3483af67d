"""Shares of attribution: what moved by more than chance, and what only looks like it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from model import schema, train
from model.errors import InputError
from monitoring import attribution, explaining, shares
from monitoring.deadline import Deadline, OutOfTimeError
from monitoring.settings import Attribution
from tests.cases import document

if TYPE_CHECKING:
    from pathlib import Path

    from model.estimator import Model
    from monitoring.shares import Share

NAMES = ["price", "weather", "age"]
QUICK = Attribution(rows=80, samples=60, clusters=3)


def local(rows: int, seed: int, sizes: tuple[float, ...] = (5.0, 3.0, 2.0)) -> shares.Floats:
    return np.abs(np.random.default_rng(seed).normal(0, sizes, (rows, len(sizes))))


def by_name(found: list[Share]) -> dict[str, Share]:
    return {share.feature: share for share in found}


def test_shares_are_those_of_mean_absolute_values() -> None:
    before, now = np.array([[3.0, 1.0], [1.0, 3.0], [2.0, 2.0]]), np.array([[6.0, 2.0], [6.0, 2.0]])
    found = by_name(shares.compare(["a", "b"], before, now))
    assert (found["a"].before, found["a"].now) == (0.5, 0.75)
    assert (found["a"].low, found["a"].high) == (0.75, 0.75)  # both rows say the same


def test_a_feature_that_predictions_no_longer_rest_on_is_found_and_no_other() -> None:
    found = shares.compare(NAMES, local(1000, 1), local(200, 2, (0.2, 3.0, 2.0)))
    assert [share.feature for share in found if share.moved] == ["price"]
    price = by_name(found)["price"]
    assert price.p_value < 1e-6
    assert price.low <= price.now <= price.high
    assert price.sentence.startswith("price: 51 % → 4 % of ")
    assert "of what predictions rest on" in price.sentence
    assert "look whether its feed" in price.sentence


def test_a_feature_that_takes_over_is_found_and_those_it_dwarfs_are_not() -> None:
    found = shares.compare(NAMES, local(1000, 1), local(200, 2, (5.0, 30.0, 2.0)))
    assert [share.feature for share in found if share.moved] == ["weather"]
    assert "more than the model was judged with" in by_name(found)["weather"].sentence


@pytest.mark.parametrize("rows", [1, 2, 14, 100, 1000])
def test_like_rows_are_not_found(rows: int) -> None:
    found = [share for seed in range(60) for share in shares.compare(NAMES, local(500, 1), local(rows, seed + 2))]
    assert not [share for share in found if share.moved]


def test_few_rows_without_a_rare_feature_are_nothing() -> None:
    draws = np.random.default_rng(0)
    before = local(1000, 1)
    before[:, 0] = np.where(draws.random(1000) < 0.02, 200.0, 0.0)  # campaigns: rare, and then all that counts
    without = local(14, 2)
    without[:, 0] = 0.0
    share = by_name(shares.compare(NAMES, before, without))["price"]
    assert share.before > 0.4
    assert share.now == 0.0
    assert not share.moved


def test_what_varies_between_weeks_is_not_drift() -> None:
    draws = np.random.default_rng(3)
    windows = np.repeat(np.arange(100), 8)
    season = np.exp(draws.normal(0, 0.5, 100))[windows]
    before = local(800, 1) * np.column_stack([season, np.ones(800), np.ones(800)])
    week = local(500, 2) * [2.2, 1.0, 1.0]  # a week in which prices count more, as in some of the baseline
    assert by_name(shares.compare(NAMES, before, week))["price"].p_value < 0.01
    assert by_name(shares.compare(NAMES, before, week, windows))["price"].p_value > 0.1


def test_nothing_that_counts_is_no_error() -> None:
    nothing = np.zeros((20, 3))
    assert not [share for share in shares.compare(NAMES, nothing, nothing) if share.moved]
    assert by_name(shares.compare(NAMES, local(100, 1), nothing))["price"].now == 0.0


def table(rows: int, seed: int) -> pd.DataFrame:
    draws = np.random.default_rng(seed)
    frame = pd.DataFrame(draws.normal(size=(rows, 4)), columns=["price", "weather", "age", "noise"])
    day = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(rows) // 5, unit="D")
    y = 5 * frame["price"] + 3 * frame["weather"] + frame["age"] + draws.normal(0, 0.1, rows)
    return frame.assign(day=day.strftime("%Y-%m-%d"), y=y)


@pytest.fixture(scope="module")
def model() -> Model:
    known = schema.parse(document(data={"exclude": ["day"]}))
    return train.train(table(1500, 0).drop(columns="day"), known, known.hyperparameters)


@pytest.fixture
def place(model: Model, tmp_path: Path) -> Path:
    known = schema.parse(document(data={"time": "day", "ids": ["day"], "evaluation": 14}))
    data = table(1500, 0)
    attribution.make_baseline(data, model, tmp_path / "baseline", QUICK, attribution.windows_of(data, known, 7))
    return tmp_path


def test_a_dead_feed_is_told_in_a_sentence(model: Model, place: Path) -> None:
    windows = pd.read_csv(place / "baseline" / "explanations_shap" / "windows.csv")["window"]
    assert len(windows) == QUICK.rows
    assert windows.max() <= 1500 // 5 // 7
    dead = table(100, 1).assign(price=0.0)
    result = attribution.check(dead, model, place / "baseline", place / "out", QUICK)
    assert {finding.feature for finding in result.findings if finding.check == attribution.SHARE} == {"price"}
    told = json.loads((place / "out" / "check.json").read_text(encoding="utf-8"))
    assert told["violations"][0]["sentence"].startswith("price: ")
    assert told["shares"]["price"]["moved"] is True
    assert told["shares"]["price"]["before"] > 0.4
    written = json.loads((place / "out" / "constraint_violations.json").read_text(encoding="utf-8"))["violations"]
    assert {"label": "(all)", "metric_name": "shap", "feature_name": "price"}.items() <= written[-1].items()


def twins(rows: int, seed: int) -> pd.DataFrame:
    """Two features that say nearly the same, and one that says something else."""
    draws = np.random.default_rng(seed)
    price = draws.normal(size=rows)
    frame = pd.DataFrame({"price": price, "cost": price + draws.normal(0, 0.01, rows), "age": draws.normal(size=rows)})
    return frame.assign(y=5 * price + 3 * frame["age"] + draws.normal(0, 0.1, rows))


def learnt_of(feature: str) -> Model:
    """A model that rests on one of the two, as if the other had said nothing."""
    known = schema.parse(document())
    frame = twins(400, 0)
    other = {"price": "cost", "cost": "price"}[feature]
    noise = np.random.default_rng(1).permutation(frame[other].to_numpy())
    return train.train(frame.assign(**{other: noise}), known, known.hyperparameters)


def test_a_model_that_was_fitted_again_is_compared_with_itself(tmp_path: Path) -> None:
    """It rests on another of two features that say the same than the one that was judged: no row is to blame."""
    judged, registered = learnt_of("price"), learnt_of("cost")
    attribution.make_baseline(twins(400, 0), judged, tmp_path / "baseline", QUICK)
    clean = attribution.check(twins(100, 2), registered, tmp_path / "baseline", tmp_path / "out", QUICK)
    assert not clean.findings
    assert clean.facts["shares"]["cost"]["before"] > 0.4
    assert clean.facts["ndcg"]["label0"] > 0.99
    dead = twins(100, 2).assign(cost=0.0)
    found = attribution.check(dead, registered, tmp_path / "baseline", tmp_path / "out", QUICK).findings
    # The share of the other feature grows, but not by itself.
    assert {finding.feature for finding in found if finding.check == attribution.SHARE} == {"cost"}


def test_the_same_model_explains_the_baseline_once(model: Model, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Any, ...]] = []
    explain = explaining.explain

    def counted(*given: Any) -> Any:
        calls.append(given)
        return explain(*given)

    monkeypatch.setattr(attribution, "explain", counted)
    attribution.check(table(100, 1), model, place / "baseline", place / "out", QUICK)
    assert len(calls) == 1


def test_rows_and_local_values_that_do_not_belong_together_are_refused(model: Model, place: Path) -> None:
    file = place / "baseline" / "explanations_shap" / attribution.ROWS
    pd.read_csv(file).iloc[1:].to_csv(file, index=False)
    with pytest.raises(InputError, match="do not belong together"):
        attribution.check(table(100, 1), model, place / "baseline", place / "out", QUICK)


def test_a_baseline_without_windows_is_read(model: Model, place: Path) -> None:
    (place / "baseline" / "explanations_shap" / "windows.csv").unlink()
    result = attribution.check(table(100, 1), model, place / "baseline", place / "out", QUICK)
    assert not result.findings
    assert result.facts["shares"]


def test_a_baseline_without_local_values_says_what_was_not_checked(model: Model, place: Path) -> None:
    (place / "baseline" / "explanations_shap" / "out.csv").unlink()
    result = attribution.check(table(100, 1).assign(price=0.0), model, place / "baseline", place / "out", QUICK)
    assert "has no local values" in result.skipped[0].reason
    assert result.facts["ndcg"]


def test_a_check_that_takes_too_long_ends_and_says_so(model: Model, place: Path) -> None:
    class Slow:
        signature = model.signature
        asked = 0

        def scores(self, features: pd.DataFrame) -> shares.Floats:
            Slow.asked += 1
            time.sleep(0.4)
            return model.scores(features)

    quick = Attribution(rows=80, clusters=3, seconds=1)
    result = attribution.check(table(100, 1), Slow(), place / "baseline", place / "out", quick)  # type: ignore[arg-type]
    assert Slow.asked <= 4  # of 0.4 s each, on however busy a machine
    assert not result.findings
    assert "1 s were not enough" in result.message


def test_less_time_explains_fewer_rows() -> None:
    rows = np.zeros((10, 3))
    assert Deadline(0).affordable(lambda matrix: matrix, rows, 1000) == 1000

    def slow(matrix: shares.Floats) -> shares.Floats:
        time.sleep(0.05)
        return matrix

    assert 8192 < Deadline(100).affordable(slow, rows, 10**9) < 100 / 0.05 * 8192
    guarded = Deadline(0.01).guarded(slow)
    with pytest.raises(OutOfTimeError):
        [guarded(rows) for _ in range(3)]
