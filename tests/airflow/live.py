"""An Airflow whose scheduler, triggerer and workers are processes of their own, and pipelines that do as told.

The pipelines have one step, which reads its input: `sleep 20` takes so long, `fail because` fails.
"""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3

from mlops_new.platforms.local.engine import Engine
from rendering import render
from tests.airflow.world import CREDENTIALS, HERE, edit
from tests.aws_api.program import ROLE, Served, serve
from tests.platforms.local.conftest import repository
from tests.platforms.local.conftest import silent as nobody
from tests.platforms.local.definitions import definition, get, processing

PARTS = {2: ("scheduler", "triggerer"), 3: ("api-server", "dag-processor", "scheduler", "triggerer")}
CONTROL = Path(__file__).with_name("control.py")
BUCKET, SHORTS = "mlops-new", ("inference", "build", "model-quality")
PATIENCE = 900  # seconds for what many processes on two busy cores do together
# An entry point's line may have 256 characters.
OBEY = (
    "import os,pathlib,sys,time; "
    "files=pathlib.Path(os.environ['OPT_ML_ROOT'],'processing/input/raw').rglob('*'); "
    "words=' '.join(f.read_text() for f in files if f.is_file()).split(); "
    "words[0]=='fail' and sys.exit(' '.join(words)); "
    "time.sleep(float(words[1]))"
)
CHANGES = {
    "input_hours = 6": "input_hours = 0.005",  # 18 seconds
    'timezone = "UTC"': 'timezone = "America/Los_Angeles"',
    'schedule = "0 4 * * *"': 'schedule = ""',
    'truth_schedule = "0 5 * * *"': 'truth_schedule = ""',
    'notify = ""': 'notify = "arn:aws:sns:eu-north-1:000000000000:told"',
}


class Topic(HTTPServer):
    """Answers as SNS, and keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        super().__init__(("127.0.0.1", 0), _Publish)


class _Publish(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        assert isinstance(self.server, Topic)
        self.server.messages.append(urllib.parse.parse_qs(body)["Message"][0])
        answer = b"<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@dataclass
class Live:
    """Everything that runs.

    Args:
        version: Of Airflow.
        project: The project's name.
        home: AIRFLOW_HOME; logs of the processes are beside it.
        environment: Of every process.
        topic: What is told of failed tasks.
        image: Of the pipelines.
        service: The server, as long as it is not taken away.
        processes: By what they are.
    """

    version: int
    python: Path
    project: str
    home: Path
    store: Path
    environment: dict[str, str]
    topic: Topic
    image: str
    service: Served
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    control: "subprocess.Popen[str] | None" = None

    def dag(self, short: str) -> str:
        return f"{self.project}-{short}"

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.service.url,
            region_name="eu-north-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 (nobody looks at it)
        )

    def put(self, key: str, text: str) -> None:
        self.client("s3").put_object(Bucket=BUCKET, Key=f"{self.project}/{key}", Body=text.encode())

    def executions(self, short: str) -> dict[str, list[str]]:
        """The statuses of a pipeline's executions by display name."""
        found = self.client("sagemaker").list_pipeline_executions(PipelineName=self.dag(short))
        statuses: dict[str, list[str]] = {}
        for each in found["PipelineExecutionSummaries"]:
            statuses.setdefault(each["PipelineExecutionDisplayName"], []).append(each["PipelineExecutionStatus"])
        return statuses

    def begin(self, short: str, name: str, key: str) -> str:
        """Start an execution beside those that Airflow starts; returns its ARN."""
        started = self.client("sagemaker").start_pipeline_execution(
            PipelineName=self.dag(short),
            PipelineExecutionDisplayName=name,
            PipelineParameters=[
                {"Name": "ImageUri", "Value": self.image},
                {"Name": "InputDataUri", "Value": f"s3://{BUCKET}/{self.project}/{key}"},
            ],
        )
        return str(started["PipelineExecutionArn"])

    def arn(self, short: str, name: str) -> str:
        """The execution of a display name."""
        listed = self.client("sagemaker").list_pipeline_executions(PipelineName=self.dag(short))
        named = [one for one in listed["PipelineExecutionSummaries"] if one["PipelineExecutionDisplayName"] == name]
        (only,) = named
        return str(only["PipelineExecutionArn"])

    def times(self, short: str, name: str) -> tuple[Any, Any]:
        """When the execution of a display name began, and when it changed last."""
        arn = self.arn(short, name)
        found = self.client("sagemaker").describe_pipeline_execution(PipelineExecutionArn=arn)
        return found["CreationTime"], found["LastModifiedTime"]

    def start(self, name: str) -> None:
        """Start one of Airflow's processes."""
        silent = ["--skip-serve-logs"] if name in {"scheduler", "triggerer"} else []
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [str(self.python.parent / "airflow"), name, *silent],
                env=self.environment,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """Kill one of them, with its children."""
        process = self.processes.pop(name)
        for pid in [process.pid, *_descendants(process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()

    def ask(self, do: str, **request: Any) -> Any:
        """Have something done inside Airflow."""
        if self.control is None:
            with (self.home / "control.log").open("a", encoding="utf-8") as log:
                self.control = subprocess.Popen(
                    [str(self.python), "-W", "ignore", str(CONTROL)],
                    env=self.environment,
                    cwd=self.home,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
        assert self.control.stdin is not None
        assert self.control.stdout is not None
        self.control.stdin.write(json.dumps({"do": do, **request}) + "\n")
        self.control.stdin.flush()
        line = self.control.stdout.readline()
        assert line, (self.home / "control.log").read_text(encoding="utf-8")
        return json.loads(line)

    def trigger(self, short: str, date: str, conf: Mapping[str, Any] | None = None) -> str:
        """Start a run; returns its id."""
        run = f"by-hand-{date}-{secrets.token_hex(2)}"
        refused = self.ask(
            "trigger", dag=self.dag(short), run=run, date=f"{date}T00:00:00+00:00", conf=dict(conf or {})
        )
        assert not refused, refused
        return run

    def refusal(self, short: str, conf: Mapping[str, Any]) -> str:
        """What is said of parameters that cannot be."""
        run, date = f"refused-{secrets.token_hex(2)}", "2026-01-01T00:00:00+00:00"
        return str(self.ask("trigger", dag=self.dag(short), run=run, date=date, conf=dict(conf)))

    def until(self, short: str, run: str, **tasks: str) -> None:
        """Wait until tasks of a run are in a state."""
        self._wait(
            lambda: tasks.items() <= self.ask("state", dag=self.dag(short), run=run)["tasks"].items(), short, run
        )

    def ended(self, short: str, run: str) -> dict[str, Any]:
        """Wait for the end of a run."""
        self._wait(
            lambda: self.ask("state", dag=self.dag(short), run=run)["state"] in {"success", "failed"}, short, run
        )
        return dict(self.ask("state", dag=self.dag(short), run=run))

    def _wait(self, true: Any, short: str, run: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, self.ask("state", dag=self.dag(short), run=run)
            time.sleep(0.5)

    def logs(self, short: str, task: str) -> str:
        """What a task has logged, in all its tries of all runs."""
        files = sorted(self.home.glob(f"logs/dag_id={self.dag(short)}/run_id=*/task_id={task}/*.log*"))
        return "\n".join(file.read_text(encoding="utf-8") for file in files)

    def approve(self) -> str:
        """Register a model and approve it."""
        sagemaker = self.client("sagemaker")
        uri = f"s3://{BUCKET}/{self.project}/model"
        files = {"S3Uri": f"{uri}/file.json", "ContentType": "application/json"}
        package = sagemaker.create_model_package(
            ModelPackageGroupName=self.project,
            InferenceSpecification={
                "Containers": [{"Image": self.image, "ModelDataUrl": f"{uri}/model.tar.gz"}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
            DriftCheckBaselines={
                "ModelDataQuality": {"Statistics": files},
                "ModelQuality": {"Constraints": files},
                "Explainability": {"Constraints": files},
            },
        )["ModelPackageArn"]
        sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
        return str(package)

    @contextlib.contextmanager
    def unreachable(self, seconds: float) -> Iterator[None]:
        """Take the server away for a while; its executions go on."""
        port = self.service.port
        self.service.process.kill()
        self.service.wait()
        time.sleep(seconds)
        yield
        self.service = serve(self.store, "--port", str(port))


def _descendants(pid: int) -> list[int]:
    """The children of a process and theirs: Airflow's have process groups of their own."""
    listed = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return [each for child in map(int, listed) for each in (child, *_descendants(child))]


@contextlib.contextmanager
def living(version: int, python: Path, folder: Path) -> Iterator[Live]:
    """Start everything, and end it."""
    project = f"live-{secrets.token_hex(3)}"
    deploy = render("deploy", folder / "deploy", project_name=project)
    edit(deploy / "config.toml", {**HERE, **CHANGES})
    platform = Engine(folder / "store")
    image = platform.stores.images.build(repository(folder / "repository"), project="tests", notify=nobody).uri
    platform.close()
    service, topic, home = serve(folder / "store"), Topic(), folder / "airflow"
    threading.Thread(target=topic.serve_forever, daemon=True).start()
    home.mkdir()
    environment = {**_environment(version, home, deploy), "AWS_ENDPOINT_URL": service.url}
    environment["PATH"] = f"{python.parent}:{environment['PATH']}"  # the scheduler calls `airflow`
    environment["AWS_ENDPOINT_URL_SNS"] = f"http://127.0.0.1:{topic.server_port}"
    live = Live(version, python, project, home, folder / "store", environment, topic, image, service)
    try:
        _register(live)
        migrated = subprocess.run(
            [str(python.parent / "airflow"), "db", "migrate"], env=environment, capture_output=True, check=False
        )
        assert migrated.returncode == 0, migrated.stderr
        for name in PARTS[version]:
            live.start(name)
        deadline = time.monotonic() + PATIENCE
        while not live.ask("ready", dags=[live.dag(short) for short in SHORTS]):
            assert time.monotonic() < deadline, "the DAGs were not read"
            time.sleep(1)
        yield live
    finally:
        for name in list(live.processes):
            live.kill(name)
        if live.control is not None:
            live.control.kill()
            live.control.communicate()
        live.service.end()
        topic.shutdown()
        topic.server_close()


def _register(live: Live) -> None:
    sagemaker, s3 = live.client("sagemaker"), live.client("s3")
    if BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BUCKET)
    sagemaker.create_model_package_group(ModelPackageGroupName=live.project)
    step = processing("Obey", OBEY, inputs={"raw": get("Parameters.InputDataUri")})
    text = definition(step, InputDataUri={"Type": "String"})
    for short in SHORTS:
        sagemaker.create_pipeline(PipelineName=live.dag(short), PipelineDefinition=text, RoleArn=ROLE)


def _environment(version: int, home: Path, deploy: Path) -> dict[str, str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    sections = {
        "CORE": {
            "DAGS_FOLDER": str(deploy),
            "LOAD_EXAMPLES": "False",
            "EXECUTOR": "SequentialExecutor" if version == 2 else "LocalExecutor",
            "PARALLELISM": "3",
            "EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            "FERNET_KEY": "",
        },
        "API": {"PORT": port, "WORKERS": "1", "SECRET_KEY": "tests", "HOST": "127.0.0.1"},
        "API_AUTH": {"JWT_SECRET": "a-secret-of-tests-that-is-long-enough-for-it-0123456789"},
        "SCHEDULER": {
            "SCHEDULER_HEARTBEAT_SEC": "1",
            "PARSING_PROCESSES": "1",
            "ENABLE_HEALTH_CHECK": "False",
            "TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        },
        "DAG_PROCESSOR": {"REFRESH_INTERVAL": "10"},
        "TRIGGERER": {"JOB_HEARTBEAT_SEC": "2", "TRIGGERER_HEALTH_CHECK_THRESHOLD": "10"},
    }
    settings = {f"AIRFLOW__{part}__{key}": value for part, more in sections.items() for key, value in more.items()}
    return {"PATH": os.environ["PATH"], "HOME": str(home), "AIRFLOW_HOME": str(home), **CREDENTIALS, **settings}
