"""What a run says of rows that it put aside and of predictions that it compared."""

from mlops_new.cli.commands import run_findings

ROWS = {
    "rows_to_predict": 1512,
    "skipped": 0,
    "quarantined": 0,
    "quarantined_past": 0,
    "first_fault": "",
    "quarantine": "/somewhere/quarantine.csv",
}
METRICS = {
    "rmse": {"value": 9.1, "registration": 8.0, "limit": 9.9, "worse": False},
    "wape": {"value": 0.312, "registration": 0.198, "limit": 0.25, "worse": True},
    "mae_best_constant_classifier": {"value": 1.0, "registration": 1.0, "limit": None, "worse": False},
}


def test_a_clean_table_needs_no_words() -> None:
    assert run_findings.rows_lines(None) == run_findings.rows_lines(ROWS) == []


def test_what_was_put_aside_is_counted_and_shown() -> None:
    first = "row 7, column price: 'dear' is no number"
    told = {**ROWS, "quarantined": 2, "quarantined_past": 3, "skipped": 10, "without_a_past": 4, "first_fault": first}
    assert run_findings.rows_lines(told) == [
        (
            "  quarantine    2 of 1,512 rows could not be used; 3 rows of the past could not be used: "
            "/somewhere/quarantine.csv"
        ),
        f"                the first: {first}",
        "  rows          10 skipped; 4 of series without any known past",
    ]


def test_each_metric_is_told_now_at_registration_and_with_its_limit() -> None:
    told = {"rows": 1512, "metrics": METRICS, "problems": []}
    assert run_findings.quality_lines(told, "wape") == [
        "  quality       1,512 rows compared with ground truth",
        "                wape 0.312 now, 0.198 at registration, limit 0.25: worse than the limit",
        "                rmse 9.1 now, 8 at registration, limit 9.9",
    ]


def test_that_nothing_was_compared_is_told() -> None:
    told = {"rows": 0, "metrics": {}, "problems": ["nothing was compared: no row has a prediction"]}
    assert run_findings.quality_lines(told, "wape") == [
        "  quality       0 rows compared with ground truth",
        "                nothing was compared: no row has a prediction",
    ]


def test_an_analyzer_tells_no_limits() -> None:
    told = {"rows": 5, "metrics": {"mae": {"value": 2.0}}, "problems": []}
    assert run_findings.quality_lines(told, "mae")[1] == "                mae 2 now"
