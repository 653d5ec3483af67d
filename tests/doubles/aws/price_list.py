"""AWS's Price List as far as it tells what SageMaker's machines cost: GetProducts, with filters and pages."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.session import Session
from botocore.validate import ParamValidator

from tests.doubles.aws.packages import Refused

_IN_A_PAGE = 3
_COMPONENTS = {"Processing": "Processing", "Training": "Train", "Batch Transform": "Tsform", "Hosting": "Host"}


class PriceList:
    """Products, each in a region; `hourly` says what its machines cost, by instance type."""

    def __init__(self) -> None:
        self.hourly: dict[tuple[str, str], str] = {
            ("eu-north-1", "ml.m5.large"): "0.1230000000",
            ("eu-north-1", "ml.m5.xlarge"): "0.2450000000",
            ("eu-north-1", "ml.m5.4xlarge"): "0.9800000000",
            ("us-east-1", "ml.m5.xlarge"): "0.2300000000",
        }
        self._operation = Session().get_service_model("pricing").operation_model("GetProducts")

    def get_products(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """One page."""
        self._check(asked, self._operation.input_shape)
        if asked["ServiceCode"] != "AmazonSageMaker":
            raise Refused("NotFoundException", "there is no such service")
        wanted = {one["Field"]: one["Value"] for one in asked.get("Filters", [])}
        found = [json.dumps(one) for one in self._products() if _fits(one, wanted)]
        start = int(asked.get("NextToken", "0"))
        end = start + _IN_A_PAGE
        answer: dict[str, Any] = {"FormatVersion": "aws_v1", "PriceList": found[start:end]}
        answer |= {"NextToken": str(end)} if len(found) > end else {}
        self._check(answer, self._operation.output_shape)
        return answer

    def _products(self) -> Iterator[dict[str, Any]]:
        for (region, kind), price in self.hourly.items():
            for number, (component, usage) in enumerate(_COMPONENTS.items()):
                sku = f"{region}{kind}{number}".upper()
                attributes = {
                    "servicecode": "AmazonSageMaker",
                    "regionCode": region,
                    "instanceName": kind,
                    "component": component,
                    "usagetype": f"EUN1-{usage}:{kind}",
                }
                # Hosting costs another price, so that who takes it for one of jobs is found out.
                each = price if component != "Hosting" else "99.0000000000"
                dimension = {"unit": "Hrs", "beginRange": "0", "endRange": "Inf", "pricePerUnit": {"USD": each}}
                term = {"sku": sku, "priceDimensions": {f"{sku}.JRTCKXETXF.6YS6EN2CT7": dimension}}
                yield {
                    "product": {"productFamily": "ML Instance", "attributes": attributes, "sku": sku},
                    "serviceCode": "AmazonSageMaker",
                    "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": term}},
                }
        yield {
            "product": {"productFamily": "ML Instance", "attributes": {"regionCode": "eu-north-1"}, "sku": "ODD"},
            "terms": {},
        }

    def _check(self, document: Mapping[str, Any], shape: Any) -> None:
        """A double that takes or answers what the service's model does not know is wrong itself."""
        report = ParamValidator().validate(document, shape)
        if report.has_errors():
            raise AssertionError(report.generate_report())


def _fits(product: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    about = {**product["product"]["attributes"], "productFamily": product["product"]["productFamily"]}
    return all(about.get(name) == value for name, value in wanted.items())
