"""Make the definitions that the templates carry: `make definitions`.

Both repositories are rendered with sentinel answers, their pipelines are compiled in an environment that has the
SageMaker SDK, and in the compiled text the sentinels become Jinja expressions again.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from mlops_new.spec import DEFINITIONS
from rendering import ROOT, render

# Answers that the questions accept and that nothing else in a definition could say.
SENTINELS = {"project_name": "sentinel-project", "instance_type": "ml.p4de.24xlarge"}
# The answer that makes other steps: each of its values is compiled, and the template chooses.
QUESTION = "monitoring"
MANAGED, OWN = ("managed", "own")
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
        roots = {choice: Path(folder, choice) for choice in (MANAGED, OWN)}
        for choice, root in roots.items():
            for kind in MODULES:
                render(kind, root / kind, **SENTINELS, **{QUESTION: choice})
        names = [f"{kind}/{name}" for kind, modules in MODULES.items() for name in modules]
        modules = [root / name for root in roots.values() for name in names]
        compiler = roots[OWN] / "build" / "definition.py"
        done = subprocess.run([python, compiler, *modules], check=False, stdout=subprocess.DEVNULL)
        if done.returncode:
            return done.returncode
        for name in names:
            managed, own = (compiled(root / name) for root in roots.values())
            template = ROOT / "templates" / f"{Path(name).with_suffix('.json')}.jinja"
            template.write_text(choosing(managed, own), encoding="utf-8", newline="\n")
            sys.stdout.write(f"{template.relative_to(ROOT)}\n")
    return 0


def compiled(module: Path) -> str:
    """The template of what a module was compiled to."""
    return as_template(module.with_suffix(".json").read_text(encoding="utf-8"))


def choosing(managed: str, own: str) -> str:
    """A template of both, which renders the one that is answered."""
    return (
        f"{{% if {QUESTION} == '{MANAGED}' -%}}\n{managed.rstrip()}\n{{%- else -%}}\n{own.rstrip()}\n{{%- endif %}}\n"
    )


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
