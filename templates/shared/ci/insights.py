"""Shows on a pull request what a step found: a report of Bitbucket's Code Insights.

Bitbucket Pipelines gives each step a proxy that signs requests to its API itself. So no token is needed, and none is
sent; outside of Pipelines there is nothing to show.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ci.errors import say

if TYPE_CHECKING:
    from collections.abc import Mapping

API = "http://api.bitbucket.org/2.0"  # by the proxy, which goes on by https
PROXY = "http://localhost:29418"
SECONDS = 20
MOST_FIELDS, LONGEST_FIELD, LONGEST_DETAILS = 10, 400, 2000
NEEDED = ("BITBUCKET_WORKSPACE", "BITBUCKET_REPO_SLUG", "BITBUCKET_COMMIT")


@dataclass(frozen=True)
class Report:
    """What is shown.

    Args:
        name: Tells it from other reports on the same commit; the same name replaces it.
        title: Its heading.
        details: A few sentences.
        fields: Facts by their names, ten at most.
        passed: Whether it is good; None where it only tells.
    """

    name: str
    title: str
    details: str
    fields: Mapping[str, str]
    passed: bool | None = None


def show(report: Report, environment: Mapping[str, str] = os.environ) -> bool:
    """Put a report on the commit of the pull request; whether that was done. It never fails a step, and says so."""
    if any(not environment.get(name) for name in NEEDED):
        return False
    workspace, slug, commit = (environment[name] for name in NEEDED)
    url = f"{API}/repositories/{workspace}/{slug}/commit/{commit}/reports/mlops-new-{report.name}"
    proxy = urllib.request.ProxyHandler({"http": environment.get("MLOPS_INSIGHTS_PROXY") or PROXY})
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(document(report)).encode(), headers, method="PUT")  # noqa: S310 (see API)
    try:
        with urllib.request.build_opener(proxy).open(request, timeout=SECONDS):
            return True
    except (OSError, ValueError) as error:
        say(f"not shown on the pull request, because Bitbucket cannot be reached through the step's proxy: {error}")
        return False


def document(report: Report) -> dict[str, Any]:
    """A report as the API takes it."""
    fields = list(report.fields.items())[:MOST_FIELDS]
    told = {
        "title": report.title,
        "details": _cut(report.details, LONGEST_DETAILS),
        "report_type": "TEST",
        "reporter": "mlops-new",
        "data": [{"title": name, "type": "TEXT", "value": _cut(value, LONGEST_FIELD)} for name, value in fields],
    }
    return told if report.passed is None else told | {"result": "PASSED" if report.passed else "FAILED"}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
