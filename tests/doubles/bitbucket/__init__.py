"""A stateful Bitbucket Cloud on loopback: REST 2.0, git over HTTP, and faults on demand."""

from tests.doubles.bitbucket.faults import After, Before, Drop, Slow, TooMany
from tests.doubles.bitbucket.server import BitbucketServer

__all__ = ["After", "Before", "BitbucketServer", "Drop", "Slow", "TooMany"]
