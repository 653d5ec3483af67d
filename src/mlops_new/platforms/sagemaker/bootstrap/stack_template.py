"""The CloudFormation template that `bootstrap` deploys, and what it means for given parameters. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("bootstrap.yml")
_VARIABLE = re.compile(r"\$\{([A-Za-z0-9:.]+)\}")
# The property that holds the name that somebody chose; what has none is named by AWS.
_NAMES = {
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::OIDCProvider": "Url",
    "AWS::IAM::Policy": "PolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::S3::Bucket": "BucketName",
}


@dataclass(frozen=True)
class Resource:
    """Something that the stack holds.

    Args:
        logical_id: Its name in the template.
        type: Such as AWS::S3::Bucket.
        name: Its own name; empty where AWS gives it one.
    """

    logical_id: str
    type: str
    name: str = ""


@dataclass(frozen=True)
class Place:
    """Where a template is deployed."""

    partition: str
    account: str
    region: str


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    match node:
        case yaml.ScalarNode():
            value = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]  # the third kind of node
    if suffix == "GetAtt":
        value = str(value).split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


def text() -> str:
    """The template as it is deployed."""
    return FILE.read_text(encoding="utf-8")


@cache
def document() -> Mapping[str, Any]:
    """The template as a document."""
    return load(text())


def load(source: str) -> dict[str, Any]:
    """A template as a document with CloudFormation's functions in their long form."""
    document: dict[str, Any] = yaml.load(source, _Loader)  # noqa: S506  # a safe loader with constructors for our tags
    return document


@dataclass(frozen=True)
class Resolved:
    """A template for given parameters and a place.

    What only AWS knows after it has made something, `Fn::GetAtt`, stays as it is; so does `Ref` to a resource.

    Args:
        document: The template.
        parameters: Those that were given; the others have their defaults.
        place: Where it is deployed.
        known: Attributes of resources that are known all the same, by `Resource.Attribute`.
    """

    document: Mapping[str, Any]
    parameters: Mapping[str, str]
    place: Place
    known: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """What there will be, in the template's order."""
        return tuple(self._resource(name, body) for name, body in self.bodies.items())

    @cached_property
    def bodies(self) -> Mapping[str, Mapping[str, Any]]:
        """The resources whose conditions hold, with every function but `Fn::GetAtt` worked out."""
        listed: Mapping[str, Mapping[str, Any]] = self.document["Resources"]
        return {
            name: {key: self.value(part) for key, part in body.items() if key != "Condition"}
            for name, body in listed.items()
            if self.holds(body.get("Condition"))
        }

    @cached_property
    def outputs(self) -> Mapping[str, Any]:
        """What the stack tells, as far as it is known beforehand."""
        listed: Mapping[str, Mapping[str, Any]] = self.document.get("Outputs", {})
        return {name: self.value(body["Value"]) for name, body in listed.items() if self.holds(body.get("Condition"))}

    def holds(self, condition: str | None) -> bool:
        """Whether a condition is true; what has none is always there."""
        return condition is None or self._true(self.document["Conditions"][condition])

    def value(self, node: Any) -> Any:
        """A part of the template with its functions worked out."""
        match node:
            case {"Ref": str(name)} if len(node) == 1:
                return self._reference(name)
            case {"Fn::GetAtt": [str(resource), str(attribute)]}:
                return self.known.get(f"{resource}.{attribute}", node)
            case {"Fn::If": [str(condition), yes, no]}:
                return self.value(yes if self.holds(condition) else no)
            case {"Fn::Join": [str(separator), parts]}:
                return separator.join(map(str, self.value(parts)))
            case {"Fn::Split": [str(separator), whole]}:
                return str(self.value(whole)).split(separator)
            case {"Fn::Sub": str(pattern)}:
                return self._filled(pattern, {})
            case {"Fn::Sub": [str(pattern), dict(own)]}:
                return self._filled(pattern, {name: self.value(part) for name, part in own.items()})
            case dict():
                values = {key: self.value(part) for key, part in node.items()}
                return {key: value for key, value in values.items() if value is not _NOTHING}
            case list():
                return [value for part in node if (value := self.value(part)) is not _NOTHING]
            case _:
                return node

    def _resource(self, name: str, body: Mapping[str, Any]) -> Resource:
        given = body.get("Properties", {}).get(_NAMES.get(body["Type"], ""), "")
        return Resource(name, body["Type"], given if isinstance(given, str) else "")

    def _true(self, node: Any) -> bool:
        match node:
            case {"Condition": str(name)}:
                return self.holds(name)
            case {"Fn::Equals": [left, right]}:
                return bool(self.value(left) == self.value(right))
            case {"Fn::Not": [inner]}:
                return not self._true(inner)
            case {"Fn::And": list(parts)}:
                return all(map(self._true, parts))
            case _:
                raise ValueError(f"{node} is no condition that is understood here")

    def _reference(self, name: str) -> Any:
        place = self.place
        known = {
            "AWS::NoValue": _NOTHING,
            "AWS::Partition": place.partition,
            "AWS::AccountId": place.account,
            "AWS::Region": place.region,
        }
        if name in known:
            return known[name]
        declared = self.document["Parameters"].get(name)
        if declared is None:
            return {"Ref": name}
        given = self.parameters.get(name, declared.get("Default"))
        return str(given).split(",") if declared["Type"] == "CommaDelimitedList" else given

    def _filled(self, pattern: str, own: Mapping[str, Any]) -> Any:
        """The text, or what is left for AWS to fill in where it names something of a resource."""
        parts = list(self._parts(pattern, own))
        left = [part for part in parts if not isinstance(part, str)]
        return {"Fn::Join": ["", parts]} if left else "".join(parts)

    def _parts(self, pattern: str, own: Mapping[str, Any]) -> Iterator[Any]:
        rest = 0
        for found in _VARIABLE.finditer(pattern):
            yield pattern[rest : found.start()]
            yield self._variable(found[1], own)
            rest = found.end()
        yield pattern[rest:]

    def _variable(self, name: str, own: Mapping[str, Any]) -> Any:
        if name in own:
            return own[name]
        resource, dot, attribute = name.partition(".")
        return self.value({"Fn::GetAtt": [resource, attribute]}) if dot else self._reference(name)


_NOTHING = object()
