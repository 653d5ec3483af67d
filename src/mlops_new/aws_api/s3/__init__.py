"""S3: which operations there are.

A library that speaks S3 was looked for first: moto's keeps every object in memory and forgets it with the process, and
none of those that serve a folder keeps keys as the files that jobs read and write here, or comes without a web
framework. So it is this one, over the object store there is.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from mlops_new.aws_api.http.rest_xml_service import Operation
from mlops_new.aws_api.http.service_errors import ServiceError
from mlops_new.aws_api.s3.buckets import Buckets
from mlops_new.aws_api.s3.list_objects import Listing
from mlops_new.aws_api.s3.multipart import Multipart
from mlops_new.aws_api.s3.objects import Objects
from mlops_new.aws_api.s3.store import Store, check_version
from mlops_new.aws_api.sts import ACCOUNT
from mlops_new.platforms.local.engine import Engine


def operations(platform: Engine) -> dict[str, Operation]:
    """What S3 can do on this machine, by operation name."""
    store = Store(platform.stores.home, platform.stores.database)
    found = {
        **Buckets(store).operations(),
        **Objects(store).operations(),
        **Listing(store).operations(),
        **Multipart(store).operations(),
    }
    return {name: _expected(operation) for name, operation in found.items()}


def _expected(operation: Operation) -> Operation:
    """The operation, for those who expect the owner and the version that everything here has."""

    def checked(params: dict[str, Any]) -> Mapping[str, Any] | None:
        for name in ("ExpectedBucketOwner", "ExpectedSourceBucketOwner"):
            if params.get(name, ACCOUNT) != ACCOUNT:
                why = f"{name}: everything on this machine is owned by {ACCOUNT}"
                raise ServiceError("AccessDenied", why, HTTPStatus.FORBIDDEN)
        if "VersionId" in params:
            check_version(params["VersionId"])
        return operation(params)

    return checked
