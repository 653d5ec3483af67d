"""What a repository's `bitbucket-pipelines.yml` offers."""

from pathlib import Path

import yaml

from mlops_new.errors import Invalid

FILE = "bitbucket-pipelines.yml"


def custom_pipelines(repository: Path) -> frozenset[str]:
    """The names of the pipelines that can be scheduled, or started by hand; none where there is no such file.

    Raises:
        Invalid: the file is not YAML.
    """
    try:
        document = yaml.safe_load((repository / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return frozenset()
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        fault = f"{FILE} of {repository.name} is not YAML: {' '.join(str(error).split())}"
        raise Invalid(fault, hint="correct it and run the same command again") from None
    pipelines = document.get("pipelines") if isinstance(document, dict) else None
    custom = pipelines.get("custom") if isinstance(pipelines, dict) else None
    return frozenset(map(str, custom)) if isinstance(custom, dict) else frozenset()
