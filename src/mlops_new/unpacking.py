"""Archives, unpacked so that nothing leaves its folder."""

import gzip
import tarfile
from pathlib import Path

from mlops_new.errors import Error


def unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive into a folder.

    Raises:
        Error: It is no archive, or would write outside the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:*") as tar:
            # Python's own idiom for "checked wherever this Python can": releases before 3.11.4 lack the filter.
            tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
            tar.extractall(folder)  # noqa: S202 - see the line above
    except (tarfile.TarError, EOFError, gzip.BadGzipFile) as error:
        raise Error(f"{archive.name} cannot be unpacked: {error}") from error
