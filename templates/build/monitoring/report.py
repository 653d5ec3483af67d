"""One page that says what a run found: the verdict first, then what it rests on. It needs nothing but itself.

    python3 -m monitoring.report --build
        inputs evaluation, data_quality (the baseline), attribution, history; any may be absent
    python3 -m monitoring.report --inference
        inputs data_quality, baseline, attribution, forecasts, model_quality, decision, history; any may be absent
    → output report: report.html, run.json (what later runs show of this one)

History is a folder with `run.json` files of earlier runs, anywhere in it.
"""

import argparse
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import paths
from model import schema as schemas
from model.errors import InputError
from monitoring import analyzers, baseline, charts, data_quality, findings, forecast_section, job, sections
from monitoring.baseline import Statistics
from monitoring.html import Safe, el, join, page
from monitoring.verdicts import Kind, Run, Verdict, verdict

__all__ = ["Run", "Verdict", "main", "read_history", "read_run", "render", "summary", "verdict"]

Json = dict[str, Any]

CHECKS = ("data_quality", "attribution", "model_quality", "forecasts")
NOTICE = (
    "Files have the formats of SageMaker Model Monitor and Clarify; the numbers are computed by this project's own "
    "monitoring, whose differences are described in its documentation."
)


def main() -> None:
    """Read what the steps left and write the page."""
    given = _arguments()
    run = read_run("build" if given.build else "inference", given)
    output = paths.step_output("report")
    (output / "report.html").write_text(render(run), encoding="utf-8")
    findings.save(summary(run), output / "run.json")
    job.say(verdict(run).headline)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The report of a run")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--build", action="store_true", help="of a build pipeline")
    what.add_argument("--inference", action="store_true", help="of an inference pipeline")
    for name, text in (
        ("execution", "its execution"),
        ("model-package", "the model package in use"),
        ("input", "where the data came from"),
        ("commit", "the commit of the code"),
        ("created", "when it ran, if not now"),
    ):
        parser.add_argument(f"--{name}", default="", help=text)
    return parser.parse_args()


def read_run(kind: Kind, given: argparse.Namespace) -> Run:
    """What the inputs hold. An input that is not there was not part of the run.

    Raises:
        InputError: A file is damaged.
    """
    checks = {name: told for name in CHECKS if (told := analyzers.details(paths.step_input(name), name))}
    before_in = paths.step_input("data_quality" if kind == "build" else "baseline")
    return Run(
        kind,
        schemas.load(paths.CONFIG).name,
        given.created or dt.datetime.now(tz=dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        given.execution,
        [*_facts(given, checks), *_quarantine(paths.step_input("quarantine"))],
        checks,
        _document(paths.step_input("decision"), "decision.json"),
        _document(paths.step_input("evaluation"), "evaluation.json"),
        _document(paths.step_input("attribution"), "analysis.json"),
        _statistics(before_in),
        _statistics(paths.step_input("data_quality")) if kind == "inference" else None,
        read_history(paths.step_input("history")),
    )


def _facts(given: argparse.Namespace, checks: Mapping[str, Json]) -> list[tuple[str, str]]:
    told = checks.get("data_quality", {})
    of = f" of {', '.join(told['files'][:3])}" if told.get("files") else ""
    rows = f"{told['rows']:,} rows{of}" if told else ""
    days = f", {told['days']} days" if told.get("days") else ""
    compared = f"{told['baseline_rows']:,} rows of the baseline" if "baseline_rows" in told else ""
    quality = checks.get("model_quality", {})
    return [
        ("Checked", rows + days),
        ("Compared with", compared),
        ("Ground truth", _truth(quality)),
        ("Model", given.model_package),
        ("Input", given.input),
        ("Commit", given.commit),
        ("Run", given.execution),
    ]


def _quarantine(folder: Path) -> list[tuple[str, str]]:
    """What became of the rows that were to be predicted."""
    told = _document(folder, "counts.json")
    if told is None:
        return []
    bad, skipped, asked = told["quarantined"], told["skipped"], told["rows_to_predict"]
    unusual = {"without_a_past": "without any known past", "in_the_past": "of days whose later past is known"}
    texts = [f"{asked - bad - skipped:,} of {asked:,} predicted"]
    texts += [f"{told[name]:,} {text}" for name, text in unusual.items() if told.get(name)]
    texts += [f"{skipped:,} skipped"] if skipped else []
    texts += [f"{bad:,} in quarantine ({bad / asked:.1%})"] if bad else []
    texts += [f"{told['quarantined_past']:,} rows of the past in quarantine"] if told["quarantined_past"] else []
    first = f". The first: {told['first_fault']}" if told["first_fault"] else ""
    return [("Rows to predict", "; ".join(texts) + first)]


def _truth(quality: Json) -> str:
    if not quality:
        return ""
    text = f"{quality['rows']:,} rows that had not been compared before"
    matched = quality.get("ground_truth")
    return text + (f"; {matched['matched']:,} of {matched['asked']:,} have a prediction" if matched else "")


def _document(folder: Path, name: str) -> Json | None:
    found: Json | None = findings.read(folder / name) if (folder / name).exists() else None
    return found


def _statistics(folder: Path) -> Statistics | None:
    document = _document(folder, data_quality.STATISTICS)
    if document is None:
        return None
    try:
        return baseline.from_json(document)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder / data_quality.STATISTICS} is not as Model Monitor writes it: {error!r}") from None


def read_history(folder: Path) -> list[Json]:
    """Summaries of earlier runs, the oldest first."""
    found = [findings.read(file) for file in sorted(folder.rglob("run.json"))] if folder.is_dir() else []
    return sorted(found, key=lambda run: str(run["created"]))


def summary(run: Run) -> Json:
    """What later reports show of this run."""
    told = run.checks
    drift = told.get("data_quality", {}).get("features", {})
    scores = told.get("attribution", {}).get("ndcg", {})
    metrics = {name: item["value"] for name, item in told.get("model_quality", {}).get("metrics", {}).items()}
    gate = (run.evaluation or {}).get("gate")
    if gate:
        metrics = {gate["metric"]: gate["value"]}
    return {
        "kind": run.kind,
        "checks": sorted(told),
        "model": dict(run.facts).get("Model", ""),
        "fired": list((run.decision or {}).get("fired", [])),
        "broken": [item["sentence"] or item["feature"] for item in (run.decision or {}).get("broken", [])],
        "created": run.created,
        "execution": run.execution,
        "headline": verdict(run).headline,
        "violations": sum(len(check["violations"]) for check in told.values()),
        "drifted_features": sum(item["drifted"] for item in drift.values()) / len(drift) if drift else None,
        "ndcg": min(scores.values()) if scores else None,
        "metrics": metrics,
        "retrain": bool((run.decision or {}).get("retrain", False)),
    }


def render(run: Run) -> str:
    """The page."""
    style = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    outcome = verdict(run)
    what = "Build" if run.kind == "build" else "Predictions"
    head = el("header", el("h1", f"{run.project}: {what.lower()}"), el("p", run.created, class_="soft"))
    said = el(
        "div",
        el("p", outcome.headline),
        *(el("p", sentence) for sentence in (*outcome.sentences, *outcome.reasons)),
        class_=f"verdict {outcome.level}",
    )
    return page(
        f"{run.project}: {outcome.headline}", style, head, said, sections.facts(run.facts), *_parts(run), _end(run)
    )


def _found(run: Run) -> list[tuple[str, Safe]]:
    """What was found, what could not be, and the forecasts themselves."""
    if run.kind == "build":
        return []
    parts: list[tuple[str, Safe]] = []
    if not_checked := sections.not_checked(run.checks):
        parts.append(("What was not checked", not_checked))
    parts.append(("Violations", sections.violations(run.checks)))
    if run.checks.get("forecasts", {}).get("summary"):
        parts.append(("The forecasts", forecast_section.forecasts(run.checks["forecasts"])))
    return parts


def _parts(run: Run) -> list[Safe]:
    parts = _found(run)
    if run.evaluation:
        parts.append(("Metrics on the evaluation data", sections.evaluation(run.evaluation)))
    quality = run.checks.get("model_quality", {})
    if quality.get("metrics"):
        parts.append(("Predictions against what happened", sections.metrics(quality["metrics"], quality.get("gate"))))
    if run.decision:
        parts.append(("Why retrain, or why not", sections.rules(run.decision)))
    if run.checks.get("attribution", {}).get("ranks"):
        parts.append(("What predictions rest on, at registration and now", sections.ranking(run.checks["attribution"])))
    elif run.analysis:
        parts.append(("What predictions rest on", _analysis(run.analysis)))
    if run.before or run.now:
        parts.append(("Features", sections.features(run.before, run.now, run.checks.get("data_quality", {}))))
    runs = [*run.history, summary(run)]
    if len(runs) > 1:
        parts.append(("Runs", sections.history(runs)))
    return [join(el("h2", title), content) for title, content in parts]


def _analysis(document: Json) -> Safe:
    labels = document["explanations"]["kernel_shap"]
    return join(
        el("p", "Mean absolute SHAP value of each feature, in the unit of the prediction.", class_="soft"),
        *(
            join(
                el("h3", label) if len(labels) > 1 else None,
                charts.attributions(list(told["global_shap_values"].items())),
            )
            for label, told in labels.items()
        ),
    )


def _end(run: Run) -> Safe:
    return el(
        "footer",
        el("p", NOTICE),
        el("p", f"{run.project}, {run.created}. Everything here is also in the run's JSON files."),
    )


if __name__ == "__main__":
    job.run(main)
