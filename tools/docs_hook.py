"""What MkDocs calls: adds the pages that are made from the code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from mkdocs.structure.files import File  # noqa: E402 - the next import needs the path

from reference import commands, documents, projects, settings, troubleshooting  # noqa: E402


def on_files(files: Any, config: Any) -> Any:
    """Add the generated pages to those of the folder."""
    pages = {
        "reference/commands.md": commands.page(),
        "reference/settings.md": settings.page(ROOT / "docs" / "mlops-new.example.toml"),
        "reference/config-build.md": projects.config("build"),
        "reference/config-deploy.md": projects.config("deploy"),
        "reference/answers.md": projects.answers(),
        "reference/exit-codes.md": troubleshooting.exit_codes(),
        "reference/json.md": documents.page(ROOT / "docs" / "json"),
    }
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let what is made from the code, or stands in the templates, follow what a person has written about it."""
    match page.file.src_uri:
        case "troubleshooting.md":
            return markdown + troubleshooting.listing()
        case "explanation/monitoring.md":
            return markdown + _monitoring()
        case _:
            return markdown


def _monitoring() -> str:
    """What the build repository says of its monitoring, without the head."""
    text = (ROOT / "templates/build/monitoring/README.md").read_text(encoding="utf-8")
    return "\n## The modules\n\n" + text.split("\n", 1)[1]
