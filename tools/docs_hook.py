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
    """Let the list of errors follow what a person has written about them."""
    return markdown + troubleshooting.listing() if page.file.src_uri == "troubleshooting.md" else markdown
