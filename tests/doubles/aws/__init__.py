"""Amazon Web Services on a loopback port: moto, and in front of it what moto does not have.

What a definition or a template means is read here from AWS's descriptions, never by code of mlops-new.
"""

from tests.doubles.aws.faults import Fault, Kind
from tests.doubles.aws.server import AwsServer

__all__ = ["AwsServer", "Fault", "Kind"]
