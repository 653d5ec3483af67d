"""S3: which operations there are.

A library that speaks S3 was looked for first: moto's keeps every object in memory and forgets it with the process, and
none of those that serve a folder keeps keys as the files that jobs read and write here, or comes without a web
framework. So it is this one, over the object store there is.
"""

from mlops_new.platforms.local.platform import LocalPlatform
from mlops_new.platforms.local.serve.rest_xml_service import Operation
from mlops_new.platforms.local.serve.s3.buckets import Buckets
from mlops_new.platforms.local.serve.s3.listing import Listing
from mlops_new.platforms.local.serve.s3.multipart import Multipart
from mlops_new.platforms.local.serve.s3.objects import Objects
from mlops_new.platforms.local.serve.s3.store import Store


def operations(platform: LocalPlatform) -> dict[str, Operation]:
    """What S3 can do on this machine, by operation name."""
    store = Store(platform.home, platform.database)
    return {
        **Buckets(store).operations(),
        **Objects(store).operations(),
        **Listing(store).operations(),
        **Multipart(store).operations(),
    }
