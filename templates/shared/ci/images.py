"""Copy an image from another account's registry to this one's, as it is: the same digest, and no Docker needed.

`python3 -m ci.images` copies this commit's image from the account of the role MLOPS_SOURCE_ROLE_ARN.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import urllib.request
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from ci import account, errors, repository
from ci.errors import CiError, say

if TYPE_CHECKING:
    from ci.account import Account

MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
)
CHUNK = 1 << 20  # bytes
SECONDS = 60  # of silence from a layer's download


@dataclass(frozen=True)
class Image:
    """An image as a registry knows it.

    Args:
        manifest: Its document, byte for byte: the digest is made of it.
        kind: The manifest's media type.
        digest: SHA-256 of the manifest.
    """

    manifest: str
    kind: str
    digest: str

    def blobs(self) -> list[str]:
        """The digests of everything that the manifest names: its configuration and its layers."""
        document = json.loads(self.manifest)
        return list(dict.fromkeys(blob["digest"] for blob in [document["config"], *document["layers"]]))


class Registry:
    """One account's repository of images.

    Args:
        ecr: A boto3 client.
        name: The repository's name.
    """

    def __init__(self, ecr: Any, name: str) -> None:
        self._ecr, self.name = ecr, name

    def find(self, reference: dict[str, str]) -> Image | None:
        """An image by `imageTag` or `imageDigest`; None where there is none."""
        answer = self._ecr.batch_get_image(
            repositoryName=self.name, imageIds=[reference], acceptedMediaTypes=list(MANIFESTS)
        )
        for image in answer["images"]:
            kind = image.get("imageManifestMediaType", MANIFESTS[0])
            return Image(image["imageManifest"], kind, image["imageId"]["imageDigest"])
        return None

    def lacks(self, blobs: list[str]) -> list[str]:
        """Which blobs are not there."""
        answer = self._ecr.batch_check_layer_availability(repositoryName=self.name, layerDigests=blobs)
        there = {one["layerDigest"] for one in answer["layers"] if one["layerAvailability"] == "AVAILABLE"}
        return [blob for blob in blobs if blob not in there]

    def address(self, blob: str) -> str:
        """Where a blob can be had for a while, by whoever knows the address."""
        answer = self._ecr.get_download_url_for_layer(repositoryName=self.name, layerDigest=blob)
        return str(answer["downloadUrl"])

    def send(self, blob: str, file: IO[bytes]) -> None:
        """Store a blob, in parts of the size that the registry asks for."""
        begun = self._ecr.initiate_layer_upload(repositoryName=self.name)
        about = {"repositoryName": self.name, "uploadId": begun["uploadId"]}
        first = 0
        while part := file.read(begun["partSize"]):
            last = first + len(part) - 1
            self._ecr.upload_layer_part(**about, partFirstByte=first, partLastByte=last, layerPartBlob=part)
            first = last + 1
        self._ecr.complete_layer_upload(**about, layerDigests=[blob])

    def put(self, image: Image, tag: str) -> None:
        """Store a manifest under a tag; nothing where it is there already.

        Raises:
            CiError: The tag is another image's.
        """
        from botocore.exceptions import ClientError

        try:
            self._ecr.put_image(
                repositoryName=self.name,
                imageManifest=image.manifest,
                imageManifestMediaType=image.kind,
                imageTag=tag,
                imageDigest=image.digest,
            )
        except ClientError as error:
            if errors.code(error) not in {"ImageAlreadyExistsException", "ImageTagAlreadyExistsException"}:
                raise
            found = self.find({"imageTag": tag})
            if found is None or found.digest != image.digest:
                raise CiError(f"the tag {tag} in {self.name} is another image's, and tags never change") from error


def copy(source: Registry, target: Registry, reference: dict[str, str], tag: str) -> bool:
    """See to it that the target has the source's image under a tag; says whether there was anything to do.

    Raises:
        CiError: The source has no such image, or the tag is another image's.
    """
    image = source.find(reference)
    if image is None:
        raise CiError(f"there is no image {' '.join(reference.values())} in {source.name} of the account it comes from")
    found = target.find({"imageTag": tag})
    if found is not None and found.digest == image.digest:
        return False
    for blob in target.lacks(image.blobs()):
        with TemporaryFile() as file:
            fetch(source.address(blob), blob, file)
            target.send(blob, file)
    target.put(image, tag)
    return True


def fetch(address: str, digest: str, file: IO[bytes]) -> None:
    """Bring a blob into a file, and make sure that it is the right one.

    Raises:
        CiError: It cannot be had, or is another one.
    """
    whole = hashlib.sha256()
    try:
        with urllib.request.urlopen(address, timeout=SECONDS) as answer:  # noqa: S310 (AWS says the address)
            while chunk := answer.read(CHUNK):
                whole.update(chunk)
                file.write(chunk)
    except OSError as error:
        raise CiError(f"layer {digest[:19]} of the image cannot be fetched: {error}; run this step again") from error
    if f"sha256:{whole.hexdigest()}" != digest:
        raise CiError(f"layer {digest[:19]} of the image did not arrive whole; run this step again")
    file.seek(0)


def registry(where: Account) -> Registry:
    """The repository of images of an account."""
    return Registry(where.client("ecr"), where.ecr_repository)


def source_role(given: str | None) -> str:
    """The role that signs in to the account before this one.

    Raises:
        CiError: Nothing says which.
    """
    role = given or os.environ.get("MLOPS_SOURCE_ROLE_ARN")
    if not role:
        where = os.environ.get("BITBUCKET_DEPLOYMENT_ENVIRONMENT") or "this environment"
        raise CiError(f"the variable MLOPS_SOURCE_ROLE_ARN of {where} is not set: CI's role in the account before it")
    return role


def copy_own(options: argparse.Namespace) -> None:
    """Copy the image of the commit that is checked out."""
    here = account.connect()
    there = account.as_role(source_role(options.source_role), here)
    tag = account.image_tag(repository.project(), repository.commit())
    done = copy(registry(there), registry(here), {"imageTag": tag}, tag)
    say(f"{here.image(tag)} {'copied from account ' + there.id if done else 'is there already'}")


def main() -> int:
    """Copy this commit's image."""
    parser = argparse.ArgumentParser(prog="ci.images", description="Copy this commit's image from another account.")
    parser.add_argument("--source-role", help="the role there (default: the variable MLOPS_SOURCE_ROLE_ARN)")
    options = parser.parse_args()
    return errors.run("ci.images", lambda: copy_own(options))


if __name__ == "__main__":
    sys.exit(main())
