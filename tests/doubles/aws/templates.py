"""What a CloudFormation template comes to: AWS's own rules for functions, conditions and pseudo parameters.

From the user guide's template reference; nothing is shared with how mlops-new reads its template.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

OURS = Path(__file__).parents[3] / "src/mlops_new/platforms/sagemaker/bootstrap/bootstrap.yml"
"""What `mlops-new bootstrap` deploys."""
TAGS = {"mlops-new:project": "mlops-new", "mlops-new:repository": "account"}
"""What it marks the stack with."""

_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
_ABSENT = object()


class _Loader(yaml.SafeLoader):
    """YAML in which `!Sub x` is `{"Fn::Sub": "x"}`."""


def _long_form(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    full = name if name in {"Ref", "Condition"} else f"Fn::{name}"
    match node:
        case yaml.ScalarNode():
            text = str(loader.construct_scalar(node))
            return {full: text.split(".", 1) if name == "GetAtt" else text}
        case yaml.SequenceNode():
            return {full: loader.construct_sequence(node, deep=True)}
        case _:
            raise NotImplementedError(f"!{name} of a mapping")


_Loader.add_multi_constructor("!", _long_form)


@cache
def load(text: str) -> Mapping[str, Any]:
    """A template with every function in its long form."""
    document: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506 - a safe loader that knows CloudFormation's tags
    return document


@dataclass(frozen=True)
class Deployment:
    """A template with what it is deployed with.

    Args:
        document: The template.
        given: Values of parameters; the others have their defaults.
        pseudo: `AWS::Region` and the like.
    """

    document: Mapping[str, Any]
    given: Mapping[str, str]
    pseudo: Mapping[str, Any]

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The value of every parameter, as DescribeStacks tells it."""
        return {name: self.given.get(name, entry.get("Default")) for name, entry in self.document["Parameters"].items()}

    @cached_property
    def resources(self) -> dict[str, Any]:
        """What there will be, with everything replaced that is known beforehand."""
        return self._part("Resources")

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """What the stack tells, as far as it is known beforehand."""
        return {name: body["Value"] for name, body in self._part("Outputs").items()}

    def true(self, condition: str) -> bool:
        """Whether a condition of the template holds."""
        return bool(self.value(self.document["Conditions"][condition]))

    def value(self, node: Any) -> Any:
        """A part of the template. What only the account can tell, a resource's Ref or attribute, stays as it is."""
        if isinstance(node, list):
            return [value for value in map(self.value, node) if value is not _ABSENT]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name == "Condition" and isinstance(argument, str):
                return self.true(argument)
            if name == "Ref" or name.startswith("Fn::"):
                return self._function(name, argument)
        members = {name: self.value(member) for name, member in node.items()}
        return {name: value for name, value in members.items() if value is not _ABSENT}

    def _part(self, section: str) -> dict[str, Any]:
        return {
            name: {key: self.value(member) for key, member in body.items() if key != "Condition"}
            for name, body in self.document.get(section, {}).items()
            if "Condition" not in body or self.true(body["Condition"])
        }

    def _function(self, name: str, argument: Any) -> Any:
        match name, argument:
            case "Ref", str():
                return self._reference(argument)
            case "Fn::GetAtt", _:
                return {name: argument}
            case "Fn::If", [condition, yes, no]:
                return self.value(yes if self.true(condition) else no)
            case "Fn::Sub", str():
                return self._filled(argument, {})
            case "Fn::Sub", [str(text), dict(own)]:
                return self._filled(text, own)
            case _:
                return self._worked_out(name, self.value(argument))

    def _worked_out(self, name: str, argument: Any) -> Any:
        """A function whose arguments are values by now."""
        match name, argument:
            case "Fn::Equals", [left, right]:
                return left == right
            case "Fn::Not", [condition]:
                return not condition
            case "Fn::And", list():
                return all(argument)
            case "Fn::Or", list():
                return any(argument)
            case "Fn::Join", [str(between), list(parts)]:
                return _joined(between, parts)
            case "Fn::Split", [str(between), str(text)]:
                return text.split(between)
            case _:
                raise NotImplementedError(f"{name} {argument}")

    def _reference(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _ABSENT
        if name in self.pseudo:
            return self.pseudo[name]
        if name not in self.parameters:
            return {"Ref": name}
        value = self.parameters[name]
        listed = self.document["Parameters"][name]["Type"] == "CommaDelimitedList"
        return value.split(",") if listed else value

    def _filled(self, text: str, own: Mapping[str, Any]) -> Any:
        pieces = _PLACEHOLDER.split(text)  # text, name, text, name, … text
        named = [self._named(piece, own) if number % 2 else piece for number, piece in enumerate(pieces)]
        return _joined("", named)

    def _named(self, name: str, own: Mapping[str, Any]) -> Any:
        if name in own:
            return self.value(own[name])
        if name.startswith("!"):  # ${!name} is the text ${name}
            return f"${{{name[1:]}}}"
        resource, dot, attribute = name.partition(".")
        return {"Fn::GetAtt": [resource, attribute]} if dot else self._reference(name)


def _joined(between: str, parts: list[Any]) -> Any:
    """The text, or what is left of the function where a part is not known yet."""
    if any(isinstance(part, dict) for part in parts):
        return {"Fn::Join": [between, parts]}
    return between.join(map(str, parts))
