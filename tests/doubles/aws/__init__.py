"""Amazon Web Services on a loopback port: moto, and in front of it what moto does not have."""

from tests.doubles.aws.faults import Fault, Kind
from tests.doubles.aws.server import AwsServer

__all__ = ["AwsServer", "Fault", "Kind"]
