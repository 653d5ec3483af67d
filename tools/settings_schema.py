"""Write the JSON schema of the settings file, which editors complete and check it by, from its models.

Run by a maintainer after changing them: `python tools/settings_schema.py`.
"""

import json
from pathlib import Path

from mlops_new.settings.schema import json_schema

FILE = Path(__file__).parents[1] / "docs" / "mlops-new.schema.json"


def text() -> str:
    """The schema as it is committed."""
    return json.dumps(json_schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
