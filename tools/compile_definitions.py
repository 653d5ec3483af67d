"""Make the definitions that the templates carry: `make definitions`.

Both repositories are rendered with sentinel answers, their pipelines are compiled in an environment that has the
SageMaker SDK, and in the compiled text the sentinels become Jinja expressions again.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from difflib import SequenceMatcher
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mlops_new.names import DEFINITIONS
from rendering import ROOT, render

if TYPE_CHECKING:
    from collections.abc import Sequence

# Answers that the questions accept and that nothing else in a definition could say.
SENTINELS = {"project_name": "sentinel-project", "instance_type": "ml.p4de.24xlarge"}
# Answers that make other steps, or give them other arguments: each is compiled, and the template chooses.
OWN = {"monitoring": "own"}
MANAGED = [
    {"monitoring": "managed", "problem_type": problem_type}
    for problem_type in ("binary_classification", "multiclass_classification", "regression")
]
PROCESSING = ("pipeline", "airflow")
VARIANTS = [{"processing": processing, **answers} for processing in PROCESSING for answers in (OWN, *MANAGED)]
# The pipeline modules of each repository.
MODULES = {
    kind.value: [str(Path(path).with_suffix(".py")) for path in definitions.values()]
    for kind, definitions in DEFINITIONS.items()
}


def main() -> int:
    """Write every definition template and name what was written."""
    parser = argparse.ArgumentParser(description="Make the definitions that the templates carry.")
    parser.add_argument("--sdk-python", default=sys.executable, help="Python of an environment that has the SDK")
    python = parser.parse_args().sdk_python
    with TemporaryDirectory() as folder:
        roots = [Path(folder, str(number)) for number in range(len(VARIANTS))]
        for root, answers in zip(roots, VARIANTS, strict=True):
            for kind in MODULES:
                render(kind, root / kind, **SENTINELS, **answers)
        names = [f"{kind}/{name}" for kind, modules in MODULES.items() for name in modules]
        compiler, modules = roots[0] / "build" / "definition.py", [root / name for root in roots for name in names]
        done = subprocess.run([python, compiler, *modules], check=False, stdout=subprocess.DEVNULL)
        if done.returncode:
            return done.returncode
        for name in names:
            texts = [(root / name).with_suffix(".json").read_text(encoding="utf-8") for root in roots]
            template = ROOT / "templates" / f"{Path(name).with_suffix('.json')}.jinja"
            template.write_text(by_processing(texts), encoding="utf-8", newline="\n")
            sys.stdout.write(f"{template.relative_to(ROOT)}\n")
    return 0


def by_processing(texts: Sequence[str]) -> str:
    """A template that renders what belongs to the answers; `texts` are what `VARIANTS` compiled to."""
    half = len(texts) // len(PROCESSING)
    pipeline, airflow = (choosing(own, managed) for own, *managed in (texts[:half], texts[half:]))
    if pipeline == airflow:
        return pipeline
    return f"{{% if processing == 'airflow' %}}{airflow}{{% else %}}{pipeline}{{% endif %}}"


def choosing(own: str, managed: Sequence[str]) -> str:
    """A template that renders what belongs to the answers.

    Args:
        own: What `OWN` compiled to.
        managed: What each of `MANAGED` compiled to.
    """
    *others, text = map(as_template, managed)
    for answers, other in zip(reversed(MANAGED[:-1]), reversed(others), strict=True):
        text = either(f"problem_type == '{answers['problem_type']}'", other, text)
    return f"{{% if monitoring == 'managed' %}}{text}{{% else %}}{as_template(own)}{{% endif %}}"


def either(condition: str, one: str, other: str) -> str:
    """A template of the lines that two texts share, with a choice where they differ."""
    first, second = one.splitlines(keepends=True), other.splitlines(keepends=True)
    parts = []
    for kind, start, end, begin, stop in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        lines, instead = "".join(first[start:end]), "".join(second[begin:stop])
        same = kind == "equal"
        parts.append(lines if same else f"{{% if {condition} %}}{lines}{{% else %}}{instead}{{% endif %}}")
    return "".join(parts)


def as_template(text: str) -> str:
    """A compiled definition with Jinja expressions for the sentinels.

    Raises:
        ValueError: Jinja would read something else in the text as its own.
    """
    if found := re.search(r"\{\{|\{%|\{#", text):
        raise ValueError(f"a definition must not contain {found.group()!r}: Jinja would read it")
    for question, sentinel in SENTINELS.items():
        text = text.replace(sentinel, f"{{{{ {question} }}}}")
    return text


if __name__ == "__main__":
    sys.exit(main())
