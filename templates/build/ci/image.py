"""Build the image of this commit and push it to the account that CI has signed in to.

    python3 -m ci.image              build, prove and push, unless the account has it already
    python3 -m ci.image --no-push    build and prove; needs no account

The image is made from the commit, not from what lies about in the working tree. Its tag is the project and the
commit, and is never used for another image.
"""

from __future__ import annotations

import argparse
import base64
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ci import account, code, containers, errors, insights, repository
from ci.errors import CiError, say
from ci.start import image_exists, sample

if TYPE_CHECKING:
    from ci.account import Account
    from ci.containers import Engine

DOCKERFILE = "container/Dockerfile"
EVALUATION = "proof: evaluation: "  # begins the line of the proof that tells the metric
PROOF = ("python3", "container/prove.py")  # runs the pipeline's steps in the image


def build(name: str, commit: str, engine: Engine, base: str | None) -> None:
    """Build the image of a commit.

    Args:
        name: What it is called on this machine.
        commit: What it is made from.
        engine: What builds it.
        base: Another base image than the Dockerfile's.
    """
    arguments = {"COMMIT": commit, **({"BASE": base} if base else {})}
    epoch = int(repository.git("show", "--no-patch", "--format=%ct", commit))
    with TemporaryDirectory() as folder:
        code.export(commit, Path(folder))
        engine.build(Path(folder), DOCKERFILE, name, arguments, epoch)


def push(here: Account, name: str, tag: str, engine: Engine) -> str:
    """Send the image to the account; gives its URI.

    Raises:
        CiError: It cannot be sent, and nobody else has sent it in the meantime.
    """
    uri = here.image(tag)
    engine.name_too(name, uri)
    answer = here.client("ecr").get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(answer["authorizationToken"]).decode().partition(":")
    try:
        engine.push(uri, user, password)
    except CiError:
        # Tags are immutable: of two builds of one commit the later one is refused, and has what it wants.
        if not image_exists(here, tag):
            raise
    return uri


def prove(engine: Engine, name: str) -> None:
    """Run the pipeline's steps in the image, on the sample; what comes out is shown on the pull request, too.

    Raises:
        CiError: A step fails.
    """
    title = "The pipeline's steps, run in this image on the sample"
    try:
        lines = engine.run(name, PROOF, sample("input"))
    except CiError as error:
        insights.show(insights.Report("sample-run", title, str(error), {}, passed=False))
        raise
    metric = next((line.removeprefix(EVALUATION) for line in lines if line.startswith(EVALUATION)), "not told")
    insights.show(insights.Report("sample-run", title, "Every step ran.", {"Metric": metric}, passed=True))


def work(options: argparse.Namespace) -> None:
    """Build, prove and push as far as that is wanted and not done already."""
    commit = repository.commit()
    tag = account.image_tag(repository.project(), commit)
    here = None if options.no_push else account.connect()
    if here and image_exists(here, tag):
        say(f"{here.image(tag)} is there already")
        return
    engine, name = containers.engine(options.engine), f"{repository.project()}:{commit}"
    build(name, commit, engine, options.base)
    prove(engine, name)
    say(f"{push(here, name, tag, engine)} pushed" if here else f"{name} is built and proven")


def main() -> int:
    """Build, prove, push."""
    parser = argparse.ArgumentParser(prog="ci.image", description="Build, prove and push the image of this commit.")
    parser.add_argument("--no-push", action="store_true", help="only build and prove it; needs no account")
    parser.add_argument("--engine", choices=containers.ENGINES, help="what builds it (default: the one that works)")
    parser.add_argument(
        "--base",
        default=os.environ.get("MLOPS_BASE_IMAGE"),
        help="another base image, for example one pinned by its digest (default: the variable MLOPS_BASE_IMAGE)",
    )
    options = parser.parse_args()
    return errors.run("ci.image", lambda: work(options))


if __name__ == "__main__":
    sys.exit(main())
