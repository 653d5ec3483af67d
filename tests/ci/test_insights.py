"""What a pull request shows: reports of Code Insights, sent through the step's own proxy, without a token."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.ci.conftest import Ci
from tests.ci.test_definition_diff import clone
from tests.ci.test_image import docker, ecr
from tests.doubles.bitbucket import specification
from tests.doubles.bitbucket.messages import Request

__all__ = ["clone", "docker", "ecr"]  # fixtures
COMMIT = "c0ffee" * 6 + "abcd"
API = "http://api.bitbucket.org/2.0"


@dataclass
class Proxy:
    """The proxy of a step: it signs what it is sent, and goes on."""

    address: str = ""
    status: int = 200
    requests: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)

    @property
    def variables(self) -> dict[str, str]:
        names = {"WORKSPACE": "acme", "REPO_SLUG": "fresh-sales-build", "COMMIT": COMMIT}
        return {f"BITBUCKET_{name}": value for name, value in names.items()} | {"MLOPS_INSIGHTS_PROXY": self.address}


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    found = Proxy()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.requests.append((self.command, self.path, dict(self.headers), body))
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        found.address = f"http://127.0.0.1:{serving.server_address[1]}"
        yield found
        serving.shutdown()


def edited(clone: Ci) -> None:
    path = clone.path / "pipeline.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    (machine,) = [one for one in document["Parameters"] if one["Name"] == "TrainingInstanceType"]
    machine["DefaultValue"] = "ml.m5.4xlarge"
    document["Steps"].append({**document["Steps"][0], "Name": "Extra"})
    path.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def test_a_pull_request_shows_what_changes_in_the_pipeline(clone: Ci, proxy: Proxy) -> None:
    edited(clone)
    done = clone.run("definition_diff", **proxy.variables)
    assert done.returncode == 0, done.stderr
    ((method, url, headers, report),) = proxy.requests
    path = f"/repositories/acme/fresh-sales-build/commit/{COMMIT}/reports/mlops-new-definition"
    assert (method, url) == ("PUT", f"{API}{path}")
    assert "Authorization" not in headers
    fields = {one["title"]: one["value"] for one in report["data"]}
    assert fields["build: steps"] == "Extra added"
    before, after = fields["build: machines"].split(" → ")
    assert "ml.m5.4xlarge" in after
    assert "ml.m5.4xlarge" not in before
    assert fields["build: at most"].count("machine hours") == 2
    assert fields["Agrees with the sister repository"].startswith("not compared")
    assert "step Extra added" in report["details"]
    if known := specification.at_hand():
        # The document calls every value an object; its own description says boolean, number or text.
        faults = known.faults(Request(1, method, path, {}, json.dumps(report).encode()))
        assert [fault for fault in faults if ".value:" not in fault] == []


def test_prices_of_the_repository_make_hours_a_sum(clone: Ci, proxy: Proxy) -> None:
    config = clone.path / "config.toml"
    prices = '\n[prices]\ncurrency = "EUR"\nhour = { "ml.m5.xlarge" = 0.25, "ml.m5.4xlarge" = 1.0 }\n'
    config.write_text(config.read_text(encoding="utf-8") + prices, encoding="utf-8")
    edited(clone)
    assert clone.run("definition_diff", **proxy.variables).returncode == 0
    fields = {one["title"]: one["value"] for one in proxy.requests[0][3]["data"]}
    before, after = (float(text.split()[1].replace(",", "")) for text in fields["build: at most"].split(" → "))
    assert 0 < before < after
    assert fields["build: at most"].startswith("EUR ")


def test_a_proxy_that_is_not_there_fails_nothing_and_is_told(clone: Ci, proxy: Proxy) -> None:
    proxy.status = 503
    done = clone.run("definition_diff", **proxy.variables)
    assert done.returncode == 0
    assert "not shown on the pull request" in done.stdout


def test_outside_of_pipelines_nothing_is_sent(clone: Ci, proxy: Proxy) -> None:
    assert clone.run("definition_diff", MLOPS_INSIGHTS_PROXY=proxy.address).returncode == 0
    assert proxy.requests == []


@pytest.mark.parametrize("fails", [False, True])
def test_the_run_on_the_sample_is_shown_with_its_metric(build: Ci, docker: Path, proxy: Proxy, fails: bool) -> None:  # noqa: FBT001  # pytest passes them by name
    if fails:
        (docker / "fails").write_text("run", encoding="utf-8")
    done = build.run("image", "--no-push", **proxy.variables)
    assert done.returncode == int(fails)
    ((_, url, _, report),) = proxy.requests
    assert url.endswith("/reports/mlops-new-sample-run")
    assert report["result"] == ("FAILED" if fails else "PASSED")
    if not fails:
        assert report["data"] == [{"title": "Metric", "type": "TEXT", "value": "wape is 0.2: at most 0.4 is wanted"}]
