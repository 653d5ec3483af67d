"""How large the installed program is."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.ratios import Line, clean_environment

ROOT = Path(__file__).parents[1]


def size() -> Iterator[Line]:
    """A fresh environment after `pip install .`, as `du -sm` counts it."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "environment"
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        install = [str(place / "bin" / "pip"), "install", "--quiet", str(ROOT)]
        subprocess.run(install, check=True, env=clean_environment(), capture_output=True)
        counted = subprocess.run(["du", "-sm", place], check=True, capture_output=True, text=True).stdout
    yield Line("the environment after pip install .", float(counted.split()[0]), 125, "MB")
