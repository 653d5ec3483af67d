"""Where SageMaker puts a job's files: the tree under `/opt/ml`, or under `OPT_ML_ROOT` where that is set."""

from __future__ import annotations

import os
from pathlib import Path

CODE = Path(__file__).resolve().parent
CONFIG = CODE / "config.toml"


def root() -> Path:
    """The root of the tree."""
    return Path(os.environ.get("OPT_ML_ROOT", "/opt/ml"))


def channel(name: str) -> Path:
    """The folder of a training job's input channel."""
    return root() / "input" / "data" / name


def hyperparameters() -> Path:
    """The file with the training job's hyperparameters, all of them text."""
    return root() / "input" / "config" / "hyperparameters.json"


def model() -> Path:
    """The folder that becomes `model.tar.gz` after training, and is unpacked from it before serving."""
    return root() / "model"


def training_failure() -> Path:
    """The file whose text SageMaker shows as the reason of a failed training job."""
    return root() / "output" / "failure"


def message() -> Path:
    """The file whose text SageMaker shows as the exit message of a processing job."""
    return root() / "output" / "message"


def step_input(name: str) -> Path:
    """The folder with one input of a processing job."""
    return root() / "processing" / "input" / name


def step_output(name: str) -> Path:
    """The folder for one output of a processing job, made if needed."""
    folder = root() / "processing" / "output" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
