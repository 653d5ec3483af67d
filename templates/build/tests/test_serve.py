from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import paths
from model import estimator, serve, train
from model.errors import InputError
from model.names import STORED_ROW_NUMBER
from model.schema import Hyperparameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    from model.estimator import Model
    from model.schema import Schema

ROWS = "d1,1.5,x\nd2,,y\n"


@pytest.fixture(scope="module")
def model(schema_of: Callable[..., Schema]) -> Model:
    """A model of a number and a category, with one id."""
    table = pd.DataFrame({"id": range(200), "a": np.arange(200.0), "b": ["x", "1"] * 100, "y": np.arange(200.0) / 2})
    settings = schema_of(data={"ids": ["id"], "features": ["a", "b"]})
    return train.train(table.astype({"b": "str"}), settings, replace(Hyperparameters(), max_iter=20))


@pytest.fixture
def client(model: Model) -> FlaskClient:
    """A client of the application, without a network."""
    return serve.create_app(model).test_client()


def post(client: FlaskClient, body: str, kind: str = "text/csv") -> tuple[int, str]:
    response = client.post("/invocations", data=body.encode(), content_type=kind)
    return response.status_code, response.get_data(as_text=True)


def test_ping(client: FlaskClient) -> None:
    assert client.get("/ping").status_code == 200


def test_a_line_break_in_quotes_belongs_to_the_row(client: FlaskClient, schema_of: Callable[..., Schema]) -> None:
    """In whichever row it stands, the first one included, whose columns are counted."""
    broken, plain = '1.5,"x\n\ny"\n2.5,"x\ny"\n3.5,x\n', "1.5,x y\n2.5,x y\n3.5,x\n"
    assert post(client, broken) == post(client, plain)
    assert post(client, broken)[0] == 200
    table = pd.DataFrame({"a": np.arange(40.0), "b": ["x y", "z"] * 20, "y": [0.0, 9.0] * 20})
    settings = schema_of(data={"features": ["a", "b"]})
    spaced = train.train(table.astype({"b": "str"}), settings, replace(Hyperparameters(), max_iter=20))
    answers = spaced.predict(pd.DataFrame({"a": [1.0, 1.0], "b": ["x\ny", "x y"]}))["prediction"]
    assert answers[0] == answers[1]


def test_a_column_without_any_value_is_trained_and_served(schema_of: Callable[..., Schema]) -> None:
    table = pd.DataFrame({"a": np.arange(40.0), "b": np.nan, "c": [None] * 40, "y": np.arange(40.0)})
    settings = schema_of(data={"features": ["a", "b", "c"], "categorical": ["c"]})
    model = train.train(table.astype({"c": "str"}), settings, replace(Hyperparameters(), max_iter=20))
    few = pd.DataFrame({"a": [1.0, 1.0], "b": [np.nan, 7.0], "c": [None, "new"]})
    first, second = model.predict(few)["prediction"]
    assert first == second


def test_the_signature_of_a_stored_model_is_read_packed_and_unpacked(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "unpacked")
    (tmp_path / "packed").mkdir()
    with tarfile.open(tmp_path / "packed" / "model.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "unpacked" / "schema.json", "schema.json")
    for folder in ("unpacked", "packed"):
        assert estimator.read_signature(tmp_path / folder) == model.signature
    with pytest.raises(InputError, match="no model of this repository"):
        estimator.read_signature(tmp_path)


def test_ids_are_ignored(client: FlaskClient) -> None:
    code, answer = post(client, ROWS)
    assert code == 200
    assert len(answer.splitlines()) == 2
    assert post(client, "1.5,x\r\n,y\r\n") == (200, answer)
    assert post(client, '"d1","1.5","x"\n"d,2","","y"', "text/csv; charset=utf-8") == (200, answer)


def test_a_numeric_code_means_the_same_in_every_format(client: FlaskClient) -> None:
    answers = {post(client, f"3,{code}\n")[1] for code in ("1", "1.0", '"1"', " 1 ")}
    lines = "".join(json.dumps({"a": 3, "b": code}) + "\n" for code in (1, 1.0, "1", "1.0"))
    found = post(client, lines, "application/jsonlines")[1].splitlines()
    assert {f"{json.loads(line)['prediction']}\n" for line in found} == answers
    assert len(answers) == 1


def test_a_number_is_read_as_in_training(client: FlaskClient) -> None:
    plain = post(client, "5,x\n,x\n")
    assert plain[0] == 200
    assert {post(client, body) for body in ("+5,x\n,x\n", " 5.0 ,x\nNA,x\n", '"5",x\n"nan",x\n')} == {plain}


def test_json_lines_by_name_or_in_order(client: FlaskClient) -> None:
    lines = '{"b": "x", "a": 1.5, "other": 1}\n{"features": [1.5, "x"]}\n["d1", 1.5, "x"]\n'
    code, answer = post(client, lines, "application/jsonlines")
    assert code == 200
    assert len(set(answer.splitlines())) == 1
    assert len(answer.splitlines()) == 3


def test_the_accept_header_chooses_the_answer(client: FlaskClient) -> None:
    response = client.post(
        "/invocations", data=ROWS, content_type="text/csv", headers={"Accept": "application/jsonlines"}
    )
    assert response.mimetype == "application/jsonlines"
    assert [list(json.loads(line)) for line in response.get_data(as_text=True).splitlines()] == [["prediction"]] * 2


@pytest.mark.parametrize(
    ("body", "kind", "code", "message"),
    [
        ("", "text/csv", 400, "the body is empty"),
        (" \n", "text/csv", 400, "the body is empty"),
        ("1\n", "text/csv", 400, "line 1 has 1 columns: 2 features are wanted (a, b), or 3 with the ids (id)"),
        ("1,x\n1\n", "text/csv", 400, "line 2 has 1 columns"),
        ("1,x\n\n1,x\n", "text/csv", 400, "line 2 has 0 columns"),
        ("1,x\ntwo,x\n", "text/csv", 400, "line 2, column 1 (a): 'two' is no number"),
        ("id,a,b\nd1,1,x\n", "text/csv", 400, "line 1, column 2 (a): 'a' is no number; a header must not be sent"),
        ("inf,x\n", "text/csv", 400, "line 1, column a: the number is infinite"),
        ("1,x\n", "image/png", 415, "content type 'image/png' is unknown"),
        ("", "application/jsonlines", 400, "the body is empty"),
        ("{", "application/jsonlines", 400, "line 1 is no JSON"),
        ('{"a": 1}', "application/jsonlines", 400, "line 1 lacks b"),
        ('{"a": "one", "b": 1}', "application/jsonlines", 400, "line 1, column 1 (a): 'one' is no number"),
        ('{"a": 1, "b": [1]}', "application/jsonlines", 400, "line 1: a feature is a number, a text"),
        ("3", "application/jsonlines", 400, "line 1: an object or a list is wanted"),
        ("[1]", "application/jsonlines", 400, "line 1 has 1 columns"),
    ],
)
def test_a_bad_request_gets_one_line(client: FlaskClient, body: str, kind: str, code: int, message: str) -> None:
    found, answer = post(client, body, kind)
    assert (found, answer.count("\n")) == (code, 1)
    assert message in answer


def test_a_single_feature_may_be_missing(schema_of: Callable[..., Schema]) -> None:
    table = pd.DataFrame({STORED_ROW_NUMBER: range(40), "a": np.arange(40.0), "y": np.arange(40.0)})
    client = serve.create_app(train.train(table, schema_of(), Hyperparameters())).test_client()
    code, answer = post(client, "1\n\n3\n")
    assert (code, len(answer.splitlines())) == (200, 3)
    assert post(client, "+1\n\n3\n") == (code, answer)


def test_classes_come_with_a_probability(schema_of: Callable[..., Schema]) -> None:
    table = pd.DataFrame({STORED_ROW_NUMBER: range(60), "a": np.arange(60.0), "y": ["no"] * 30 + ["yes, all"] * 30})
    settings = schema_of(project={"problem_type": "binary_classification"}, evaluation={"metric": "auc"})
    client = serve.create_app(train.train(table, settings, Hyperparameters())).test_client()
    low, high = post(client, "1\n59\n")[1].splitlines()
    assert low.startswith('"no",0.0')
    assert high.startswith('"yes, all",0.9')


def test_no_model_no_server(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model can be loaded"):
        estimator.load(tmp_path)


@pytest.fixture
def address(model: Model, opt_ml: Path) -> Iterator[str]:
    """The real server with two workers, as the image starts it."""
    model.save(opt_ml / "model")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = [str(paths.CODE / "container" / "bin"), os.path.dirname(sys.executable), os.environ["PATH"]]  # noqa: PTH120
    environment = os.environ | {
        "PATH": os.pathsep.join(places),
        "PYTHONPATH": str(paths.CODE),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "MODEL_SERVER_HOST": "127.0.0.1",
        "MODEL_SERVER_WORKERS": "2",
    }
    with subprocess.Popen(["serve"], env=environment, cwd=paths.CODE) as server:
        yield f"http://127.0.0.1:{port}"
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=300) == 0


def test_the_server_answers_and_stops(address: str) -> None:
    for _ in range(3000):
        try:
            assert urllib.request.urlopen(f"{address}/ping", timeout=300).status == 200  # noqa: S310 (our own address)
            break
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    request = urllib.request.Request(f"{address}/invocations", ROWS.encode(), {"Content-Type": "text/csv"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=300) as response:  # noqa: S310
        assert len(response.read().splitlines()) == 2


SLOW_TO_START = """
import os, time
from flask import Flask
from model import serve

def start_slowly(_server, _worker):
    print("forked", flush=True)
    time.sleep(1)

serve.Server(Flask("app"), serve.options(os.environ) | {"post_fork": start_slowly}).run()
"""


def test_a_worker_that_is_only_starting_stops_too() -> None:
    """Or SageMaker would wait for it until it kills the container."""
    environment = os.environ | {
        "PYTHONPATH": str(paths.CODE),
        "SAGEMAKER_BIND_TO_PORT": "0",
        "MODEL_SERVER_HOST": "127.0.0.1",
        "MODEL_SERVER_WORKERS": "1",
    }
    command = [sys.executable, "-c", SLOW_TO_START]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        assert server.stdout.readline() == "forked\n"
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=serve.STOP_SECONDS - 5) == 0


def test_one_row_in_is_one_row_out_whatever_a_text_holds(client: FlaskClient) -> None:
    for mark in "\u2028\x85\x0b\x0c\x1c\r":
        rows = [f'a{mark}{day},{day},"x{mark}y{mark}"' for day in range(1, 4)]
        for end in ("\n", "\r\n"):
            code, answer = post(client, end.join(rows) + end)
            assert (code, answer.count("\n")) == (200, 3), repr(mark)
