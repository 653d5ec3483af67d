"""The page: the verdict first, everything escaped, nothing from elsewhere, and small."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from monitoring import baseline, charts, checks, columns, constraints, report
from monitoring.findings import Finding
from monitoring.html import el, join
from monitoring.report import Run
from monitoring.settings import DataQuality

if TYPE_CHECKING:
    from monitoring.baseline import Statistics

EVIL = '<script>alert("x")</script>&\'"'


def statistics(frame: pd.DataFrame) -> Statistics:
    arrays = {name: pa.array(frame[name], from_pandas=True) for name in frame.columns}
    return baseline.statistics(columns.of_arrays(arrays))


def table(seed: int, shift: float = 0.0, features: int = 4) -> pd.DataFrame:
    draws = np.random.default_rng(seed)
    numbers = {f"feature_{place}": draws.normal(shift, 1, 3000) for place in range(features)}
    return pd.DataFrame(
        numbers | {"flag": draws.integers(0, 2, 3000) * 1.0, EVIL: draws.choice([EVIL, "b", "c"], 3000)}
    )


def inference(shift: float = 0.0, features: int = 4) -> Run:
    before, after = statistics(table(0, features=features)), statistics(table(1, shift, features))
    profile = columns.of_arrays({n: pa.array(v, from_pandas=True) for n, v in table(1, shift, features).items()})
    outcomes, drifts = checks.check(checks.Batch(profile), before, constraints.suggest(before, DataQuality()))
    violations = [
        {
            "feature": item.feature,
            "check": item.check,
            "description": item.description,
            "share": item.share,
            "severity": item.severity,
        }
        for item in outcomes
        if isinstance(item, Finding)
    ]
    ranks = [
        {
            "feature": f"feature_{place}",
            "before": 4.0 - place,
            "now": place + 1.0,
            "rank_before": place + 1,
            "rank_now": 4 - place,
        }
        for place in range(4)
    ]
    metric = {
        "value": 1.5,
        "baseline": 1.0,
        "threshold": 1.2,
        "higher_is_worse": True,
        "worse": True,
        "standard_deviation": 0.1,
    }
    told: dict[str, dict[str, Any]] = {
        "data_quality": {
            "violations": violations,
            "skipped": [],
            "features": checks.drift_json(drifts),
            "rows": 3000,
            "baseline_rows": 3000,
            "files": [EVIL],
        },
        "attribution": {
            "violations": [],
            "skipped": [{"feature": "(all)", "check": "x", "reason": EVIL}],
            "ndcg": {"label0": 0.93},
            "threshold": 0.9,
            "ranks": {"label0": ranks},
        },
        "model_quality": {"violations": [], "skipped": [], "rows": 10, "metrics": {"mae": metric}},
    }
    decision = {
        "retrain": shift > 0,
        "reasons": [f"Because of {EVIL}."],
        "rules": [{"rule": "drifted_features", "value": 0.5, "threshold": 0.3, "fired": shift > 0, "evidence": EVIL}],
    }
    return Run(
        "inference",
        "a-project",
        "2026-06-30 10:00 UTC",
        "run-1",
        [("Input", EVIL)],
        told,
        decision,
        before=before,
        now=after,
    )


class Page(HTMLParser):
    """What a browser would see: elements, their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("run", [inference(), inference(1.0), Run("build", "p", "now"), Run("inference", "p", "now")])
def test_a_page_is_well_formed_and_needs_nothing(run: Run) -> None:
    html = report.render(run)
    page = Page(html)
    assert not page.open
    assert not {tag for tag, _ in page.seen} & {"script", "link", "img", "iframe", "object", "base"}
    assert not [
        value
        for _, attributes in page.seen
        for key, value in attributes.items()
        if key in {"src", "href"} or key.startswith("on")
    ]
    assert not re.search(r"url\(|@import|https?:", html)
    assert "<script" not in html


def test_everything_is_escaped() -> None:
    text = "".join(Page(report.render(inference(1.0))).text)
    assert text.count(EVIL) >= 5


def test_the_verdict_comes_first() -> None:
    told = "".join(Page(report.render(inference(1.0))).text)
    assert re.search(r"Retrain the model\. \d violations, \d of high severity\.", told)
    assert told.index("Retrain the model.", 300) < told.index("Violations")
    assert report.verdict(inference()).headline == "No violations. Retraining is not asked for."
    assert report.verdict(inference()).level == "warn"  # a check could not be made
    assert report.verdict(Run("inference", "p", "now")).headline == "Nothing was checked."


def test_a_build_says_whether_its_model_is_good_enough() -> None:
    gate = {"metric": "mae", "value": 1.0, "threshold": 2.0, "passed": True, "reason": "mae is 1: at most 2 is wanted"}
    told = {"regression_metrics": {"mae": {"value": 1.0, "standard_deviation": "NaN"}}, "gate": gate}
    run = Run("build", "p", "now", evaluation=told, before=statistics(table(0)))
    assert report.verdict(run) == report.Verdict(
        "good", "The model is good enough to be registered.", ["mae is 1: at most 2 is wanted."]
    )
    again = report.verdict(replace(run, evaluation=told | {"model": {"trees": 80, "rows": 9, "refit": True}}))
    assert "fitted again on all rows" in again.reasons[1]
    few = report.verdict(replace(run, evaluation=told | {"warnings": ["the model has 5 trees only"]}))
    assert (few.level, few.reasons[1]) == ("warn", "the model has 5 trees only.")
    assert report.verdict(replace(run, evaluation=told | {"gate": gate | {"passed": False}})).level == "bad"
    assert "training data" in "".join(Page(report.render(run)).text)


def test_fifty_features_are_less_than_a_megabyte() -> None:
    assert len(report.render(inference(0.5, features=50)).encode()) < 1_000_000


def test_three_hundred_features_are_less_than_a_megabyte_and_those_that_drifted_are_whole() -> None:
    run = inference(0.5, features=300)
    shares = {
        f"feature_{place}": {"before": 1 / 300, "now": 1 / 300, "low": 0.0, "high": 1.0, "moved": place == 299}
        for place in range(300)
    }
    checks_of_run = {**run.checks, "attribution": {**run.checks["attribution"], "shares": shares}}
    started = time.monotonic()
    html = report.render(replace(run, checks=checks_of_run))
    assert time.monotonic() - started < 5
    assert len(html.encode()) < 1_000_000
    text = "".join(Page(html).text)
    assert text.index("feature_299", text.index("What predictions rest on")) < text.index(
        "feature_0", text.index("What predictions rest on")
    )
    assert "feature_7" in text


def test_what_was_not_checked_comes_before_what_was_not_found() -> None:
    text = "".join(Page(report.render(inference())).text)
    assert text.index("What was not checked") < text.index("None in what was checked.")


def test_sentences_come_first_and_what_is_broken_before_all() -> None:
    run = inference(1.0)
    found = {
        "feature": "x",
        "check": "y",
        "description": "d",
        "share": 1.0,
        "severity": "high",
        "sentence": "x is dead.",
    }
    told = {**run.checks, "model_quality": {**run.checks["model_quality"], "violations": [found]}}
    decided = {
        "retrain": False,
        "reasons": ["No."],
        "rules": [],
        "broken": [{"sentence": "All is 0."}],
        "withheld": True,
    }
    verdict = report.verdict(replace(run, checks=told, decision=decided))
    assert verdict.headline.startswith(
        "The data is broken: mend it before anything else. The forecasts were kept back."
    )
    assert list(verdict.sentences) == ["All is 0.", "x is dead."]
    assert verdict.level == "bad"


def test_earlier_runs_are_shown() -> None:
    runs = [report.summary(replace(inference(shift), created=f"2026-06-0{day}")) for day, shift in ((1, 0.0), (2, 1.0))]
    text = "".join(Page(report.render(replace(inference(), history=runs))).text)
    assert "2026-06-01" in text
    assert text.index("2026-06-30", text.index("Runs")) < text.index("2026-06-02") < text.index("2026-06-01")


def test_distributions_share_one_scale() -> None:
    before, after = (statistics(table(seed, shift)).features["feature_0"] for seed, shift in ((0, 0.0), (1, 2.0)))
    shown = charts.overlay(before, after)
    assert shown is not None
    assert shown.before is not None
    assert shown.now is not None
    assert shown.before.sum() == pytest.approx(1.0)
    assert shown.now.sum() == pytest.approx(1.0)
    assert shown.now.argmax() > shown.before.argmax()


def test_elements_escape_what_they_hold() -> None:
    assert (
        el("p", "<b>", title='"x"', class_="a", data_label="b", style=None)
        == '<p title="&quot;x&quot;" class="a" data-label="b">&lt;b&gt;</p>'
    )
    assert join(el("b", "1"), None, 2, "<") == "<b>1</b>2&lt;"
