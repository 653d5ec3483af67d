"""Checking what a pipeline is started with against what its definition declares. Pure."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from mlops_new.errors import Invalid

_BOOLEANS = {"true": True, "false": False}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")


def resolve(declared: list[Mapping[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every declared parameter.

    Args:
        declared: The definition's `Parameters`.
        given: Values by name; text is read as the declared type.

    Raises:
        Invalid: Some are unknown, missing or of the wrong type; all of them are named.
    """
    by_name = {parameter["Name"]: parameter for parameter in declared}
    faults = [f"{name} is not a parameter of this pipeline" for name in given if name not in by_name]
    values: dict[str, Any] = {}
    for name, parameter in by_name.items():
        if name not in given and parameter.get("DefaultValue") is None:
            faults.append(f"{name} has no default and no value was given")
            continue
        if given.get(name) == "":
            faults.append(f"{name} is empty, which SageMaker refuses")
            continue
        try:
            values[name] = _value(parameter, given.get(name, parameter.get("DefaultValue")))
        except ValueError as error:
            faults.append(str(error))
    if faults:
        known = ", ".join(by_name) or "none"
        raise Invalid("the parameters do not fit: " + "; ".join(faults), hint=f"the pipeline's parameters: {known}")
    return values


def known(declared: list[Mapping[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """The same where not everything is given yet: what has neither a value nor a default is left out."""
    named = [one for one in declared if one["Name"] in given or one.get("DefaultValue") is not None]
    names = {one["Name"] for one in named}
    return resolve(named, {name: value for name, value in given.items() if name in names})


def _value(parameter: Mapping[str, Any], value: Any) -> Any:
    name, kind = parameter["Name"], parameter["Type"]
    reader = _READERS.get(kind)
    try:
        read = value if reader is None else reader(value)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError(f"{name} is declared as {kind}, and {value!r} is none") from None
    choices = parameter.get("EnumValues")
    if choices and read not in choices:
        raise ValueError(f"{name} is {read!r}, not one of " + ", ".join(map(str, choices)))
    return read


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _integer(value: Any) -> int:
    if isinstance(value, str):
        return int(_written(value, _INTEGER))
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _float(value: Any) -> float:
    if isinstance(value, str):
        return float(_written(value, _NUMBER))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _written(text: str, number: re.Pattern[str]) -> str:
    """The text, where it is a plain number: Python takes more for one, such as 1_000, nan and spaces around it."""
    if number.fullmatch(text) is None:
        raise ValueError(text)
    return text


def _boolean(value: Any) -> bool:
    return value if isinstance(value, bool) else _BOOLEANS[value.lower()]


_READERS: dict[str, Callable[[Any], Any]] = {
    "String": _string,
    "Integer": _integer,
    "Float": _float,
    "Boolean": _boolean,
}
