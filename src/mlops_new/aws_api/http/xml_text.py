"""Structures as XML, by their shapes: reading what clients send, writing what they are answered."""

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

from botocore.model import Shape

from mlops_new.aws_api.http.service_errors import ServiceError
from mlops_new.aws_api.http.wire_values import checked, given, iso, read_time

_NAME = "name"
_UNWRITABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def element(name: str, value: Mapping[str, Any], shape: Shape, namespace: str = "") -> ET.Element:
    """A structure as an element of this name.

    Raises:
        Unmodelled: The value does not fit the model.
    """
    root = ET.Element(name, {"xmlns": namespace} if namespace else {})
    _structure(root, value, shape)
    return root


def document(root: ET.Element) -> bytes:
    """A whole document; characters that XML cannot hold are written as question marks."""
    for part in root.iter():
        part.text = _UNWRITABLE.sub("?", part.text) if part.text else part.text
    text: bytes = ET.tostring(root, encoding="utf-8")
    return _DECLARATION + text


def read(text: bytes, shape: Shape) -> dict[str, Any]:
    """A structure that a client sent.

    Raises:
        ServiceError: It is not XML, or no such structure.
    """
    try:
        return _read_structure(_tree(text), shape)
    except (ET.ParseError, ValueError, LookupError) as error:
        why = f"the request's body is not the XML that is expected: {error}"
        raise ServiceError("MalformedXML", why) from None


def _tree(text: bytes) -> ET.Element:
    builder = ET.TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.StartElementHandler = lambda tag, _: builder.start(tag.rpartition("}")[2], {})
    parser.EndElementHandler = lambda tag: builder.end(tag.rpartition("}")[2])
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _no_doctype
    try:
        parser.Parse(text, True)  # noqa: FBT003  # expat takes it by position
    except expat.ExpatError as error:
        raise ValueError(str(error)) from None
    return builder.close()


def _no_doctype(*_: object) -> None:
    raise ValueError("entities could make a small request a huge one")


def _structure(parent: ET.Element, value: Mapping[str, Any], shape: Shape) -> None:
    for name, member in given(value, shape).items():
        inner = shape.members[name]
        if "location" not in inner.serialization:
            _member(parent, inner.serialization.get(_NAME, name), member, inner)


def _member(parent: ET.Element, name: str, value: Any, shape: Shape) -> None:
    match shape.type_name:
        case "structure":
            _structure(ET.SubElement(parent, name), value, shape)
        case "list":
            _list(parent, name, value, shape)
        case _:
            ET.SubElement(parent, name).text = text(value, shape)


def _list(parent: ET.Element, name: str, value: Any, shape: Shape) -> None:
    flat = shape.serialization.get("flattened")
    holder = parent if flat else ET.SubElement(parent, name)
    inner = name if flat else shape.member.serialization.get(_NAME, "member")
    for item in checked(value, shape):
        _member(holder, inner, item, shape.member)


def text(value: Any, shape: Shape) -> str:
    """A single value as text."""
    match shape.type_name:
        case "timestamp":
            return iso(checked(value, shape))
        case "boolean":
            return "true" if checked(value, shape) else "false"
        case _:
            return str(checked(value, shape))


def read_text(written: str, shape: Shape) -> Any:
    """A single value from text.

    Raises:
        ValueError: It is not of the shape's type.
    """
    match shape.type_name:
        case "integer" | "long":
            return int(written)
        case "boolean":
            return written.lower() == "true"
        case "timestamp":
            return read_time(written)
        case _:
            return written


def _read_structure(element: ET.Element, shape: Shape) -> dict[str, Any]:
    found: dict[str, Any] = {}
    known = {inner.serialization.get(_NAME, name) for name, inner in shape.members.items()}
    if unknown := sorted({part.tag for part in element} - known):
        raise LookupError(f"{shape.name} has no {unknown}")  # never passed over in silence
    for name, inner in shape.members.items():
        parts = element.findall(inner.serialization.get(_NAME, name))
        if parts:
            found[name] = _read_member(parts, inner)
    if missing := [name for name in shape.required_members if name not in found]:
        raise LookupError(f"{shape.name} lacks {missing}")
    return found


def _read_member(parts: list[ET.Element], shape: Shape) -> Any:
    match shape.type_name:
        case "structure":
            return _read_structure(parts[0], shape)
        case "list":
            items = parts if shape.serialization.get("flattened") else list(parts[0])
            return [_read_member([item], shape.member) for item in items]
        case _:
            return read_text(parts[0].text or "", shape)
