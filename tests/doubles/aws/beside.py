"""What `bootstrap` and `doctor` ask of an account and moto does not have, or has otherwise than AWS."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from tests.doubles.aws import xml
from tests.doubles.aws.made import ACCOUNT, Clients, Making
from tests.doubles.aws.packages import Refused
from tests.doubles.aws.price_list import PriceList
from tests.doubles.aws.simulation import Simulator
from tests.doubles.aws.stacks import CloudFormation
from tests.doubles.aws.templates import OURS
from tests.doubles.aws.wire import Answer, Request, answered, refused

_QUOTAS_IN_A_PAGE = 2


class Beside:
    """CloudFormation, IAM's simulator, quotas, and who is calling.

    Args:
        client: A boto client of a service, past all faults.
        region: The region.
    """

    def __init__(self, client: Clients, region: str) -> None:
        self.making = Making(client, region)
        self.cloudformation = CloudFormation(self.making, region)
        self.quotas: dict[str, float] = {}
        """Of SageMaker, by name."""
        self.caller = ""
        """Whose credentials they are; empty: whom moto says."""
        self.schedules: list[dict[str, str]] = []
        """Model Monitor's."""
        self.price_list = PriceList()
        self.refusals: dict[str, tuple[str, str]] = {}
        """Actions that are refused, each with code and message."""
        self._simulator = Simulator(client)

    def deploy(self) -> None:
        """What `mlops-new bootstrap` deploys, at once."""
        self.cloudformation.put(OURS.read_text(encoding="utf-8"))

    def answer(self, request: Request) -> Answer | None:
        """The answer; None where moto has one."""
        action = f"{request.service}:{request.operation}"
        if action in self.refusals:
            return refused(request, *self.refusals[action])
        self._simulator.notice(request.service, request.operation)
        try:
            return self._answer(action, request)
        except Refused as no:
            return refused(request, no.code, no.message)

    def _answer(self, action: str, request: Request) -> Answer | None:
        if request.service == "cloudformation":
            return _xml(request, self.cloudformation.act(request.operation, _form(request)))
        match action:
            case "iam:SimulatePrincipalPolicy":
                return _xml(request, self._simulator.simulate(_form(request)))
            case "sts:GetCallerIdentity" if self.caller:
                return _xml(request, {"Account": ACCOUNT, "Arn": self.caller, "UserId": "AIDA"})
            case "servicequotas:ListServiceQuotas":
                return answered(self._quotas(request.document))
            case "pricing:GetProducts":
                return answered(self.price_list.get_products(request.document))
            case "sagemaker:ListMonitoringSchedules":
                return answered({"MonitoringScheduleSummaries": self.schedules})
            case _:
                return None

    def _quotas(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        listed = [
            {"QuotaName": name, "QuotaCode": f"L-{number:08X}", "Value": value, "ServiceCode": asked["ServiceCode"]}
            for number, (name, value) in enumerate(self.quotas.items())
        ]
        start = int(asked.get("NextToken", "0"))
        end = start + _QUOTAS_IN_A_PAGE
        return {"Quotas": listed[start:end], **({"NextToken": str(end)} if len(listed) > end else {})}


def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


def _xml(request: Request, result: dict[str, Any]) -> Answer:
    return Answer(200, {"Content-Type": "text/xml"}, xml.answer(request.operation, result))
