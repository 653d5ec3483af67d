"""What production does to the DAGs: processes are killed, connections lost, runs failed by people, truth comes late."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airflow.conftest import HERE
from tests.airflow.live import Live, living

pytestmark = pytest.mark.slow

OUTAGE = 40  # seconds


@pytest.fixture(scope="module", params=list(HERE), ids=lambda version: f"airflow{version}")
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A scheduler, a triggerer and workers of each version, which start once."""
    with living(request.param, Path(HERE[request.param]), tmp_path_factory.mktemp("live")) as found:
        yield found


def test_a_build_without_a_model_is_red_and_told(live: Live) -> None:
    live.put("training/2026-06-01.csv", "sleep 0")
    ended = live.ended("build", live.trigger("build", "2026-06-01", {"model": "then"}))
    assert ended["state"] == "failed"
    assert (ended["tasks"]["building_image"], ended["tasks"]["explain"]) == ("failed", "failed")
    assert live.executions("build") == {}
    (told,) = [message for message in live.topic.messages if ", building_image: " in message]
    assert f"no model of {live.project} that is approved" in told
    assert "http" in told, "it has no link"


def test_late_truth_is_compared_once_and_a_day_without_is_done(live: Live) -> None:
    live.approve()
    today = dt.datetime.now(dt.UTC).date()
    for days in (20, 1):
        live.put(f"truth/{today - dt.timedelta(days)}.csv", f"sleep 0 of {days} days ago")
    # The model was approved today, so it is the one that is used for today.
    asked = {"run_date": str(today), "model": "then"}
    first = live.ended("model-quality", live.trigger("model-quality", "2026-06-10", asked))
    assert (first["state"], first["tasks"]["pipeline"], first["tasks"]["explain"]) == ("success", "success", "success")
    (statuses,) = live.executions("model-quality").values()
    assert statuses == ["Succeeded"]
    again = live.ended("model-quality", live.trigger("model-quality", "2026-06-11", asked))
    assert (again["state"], again["tasks"]["new_truth"], again["tasks"]["explain"]) == ("success", "skipped", "success")
    assert again["tasks"]["pipeline"] == "skipped"
    assert len(live.executions("model-quality")) == 1


def test_waiting_survives_all_that_is_killed_and_a_corrected_input_is_told(live: Live) -> None:
    date = "2026-06-04"  # midnight in UTC is the evening before in Los Angeles
    live.put(f"input/{date}.csv", f"sleep {OUTAGE + 15}")
    run = live.trigger("inference", date)
    live.until("inference", run, pipeline="deferred")
    for name in ("triggerer", "scheduler"):  # with the workers, which are its children
        live.kill(name)
        live.start(name)
    with live.unreachable(OUTAGE):
        pass
    ended = live.ended("inference", run)
    assert ended["state"] == "success", live.logs("inference", "pipeline")
    assert ended["tasks"]["explain"] == "success"
    assert live.executions("inference")[date] == ["Succeeded"]

    live.put(f"input/{date}.csv", "sleep 0 corrected")
    repeated = live.ended("inference", live.trigger("inference", "2026-06-08", {"run_date": date}))
    assert (repeated["state"], repeated["tasks"]["pipeline"]) == ("failed", "failed")
    assert f"has changed since {date} was done" in live.logs("inference", "pipeline")

    # Done again, it takes its turn after what runs beside it, as backfills do.
    live.put("input/beside.csv", "sleep 40")
    live.begin("inference", "beside", "input/beside.csv")
    again = live.ended("inference", live.trigger("inference", "2026-06-09", {"run_date": date, "again": 1}))
    assert again["state"] == "success"
    assert live.times("inference", "beside")[1] < live.times("inference", f"{date}-again-1")[0]


def test_predictions_that_are_kept_back_and_a_retraining_without_a_table_are_red(live: Live) -> None:
    date = "2026-06-14"
    live.put(f"input/{date}.csv", "sleep 15")
    run = live.trigger("inference", date)
    live.until("inference", run, pipeline="deferred")
    execution = live.arn("inference", date).rpartition("/")[2]
    live.put(f"inference/{execution}/decision/decision.json", '{"retrain": true, "withheld": true}')
    ended = live.ended("inference", run)
    assert (ended["state"], ended["tasks"]["publish"], ended["tasks"]["retrain"]) == ("failed", "failed", "success")
    retrained = live.ended("build", f"retrain__{date}")  # and nobody has put its table there
    assert (retrained["state"], retrained["tasks"]["ingest"]) == ("failed", "failed")
    assert live.executions("build") == {}
    (told,) = [message for message in live.topic.messages if ", ingest: " in message]
    assert f"s3://mlops-new/{live.project}/training/{date}.csv has not arrived within 0.005 hours" in told


def test_a_failed_step_is_not_started_again_and_told(live: Live) -> None:
    date = "2026-06-05"
    live.put(f"input/{date}.csv", "fail because it was told to")
    ended = live.ended("inference", live.trigger("inference", date))
    assert (ended["state"], ended["tasks"]["pipeline"], ended["tasks"]["explain"]) == ("failed", "failed", "failed")
    assert live.executions("inference")[date] == ["Failed"]
    told = [message for message in live.topic.messages if "step Obey failed" in message]
    assert len(told) == 1
    assert "because it was told to" in told[0]


def test_a_run_that_a_person_fails_stops_its_execution(live: Live) -> None:
    date = "2026-06-06"
    live.put(f"input/{date}.csv", "sleep 600")
    run = live.trigger("inference", date)
    live.until("inference", run, pipeline="deferred")
    live.ask("fail", dag=live.dag("inference"), run=run)
    ended = live.ended("inference", run)
    assert (ended["state"], ended["tasks"]["pipeline"], ended["tasks"]["explain"]) == ("failed", "failed", "failed")
    assert live.executions("inference")[date][0] in {"Stopping", "Stopped"}


def test_a_backfill_uses_no_model_of_a_later_date(live: Live) -> None:
    live.put("input/2026-06-12.csv", "sleep 0")
    past = live.ended("inference", live.trigger("inference", "2026-06-12", {"model": "then"}))
    assert past["state"] == "failed"
    assert (past["tasks"]["model_in_use"], past["tasks"]["pipeline"]) == ("failed", "upstream_failed")
    assert "was so by the end of 2026-06-12" in live.logs("inference", "model_in_use")


def test_parameters_that_cannot_be_start_nothing(live: Live) -> None:
    for conf in ({"run_date": "30 June"}, {"again": -1}, {"again": "1"}, {"model": "best"}, {"input": "a.csv"}):
        assert live.refusal("inference", conf), conf
