"""Atlassian's own OpenAPI document as a judge of every request, where it is at hand."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4

from tests.doubles.bitbucket.messages import Request

_FILE = "bitbucket-cloud.swagger.v3.json"
# Parameters that the document explains for every collection in its prose, and declares for few.
_EVERYWHERE = {"q", "sort", "fields", "page", "pagelen"}
# Operations whose body the document forgets.
_FORGOTTEN = {
    ("POST", "/repositories/{workspace}/{repo_slug}/hooks"): "webhook_subscription",
    ("PUT", "/repositories/{workspace}/{repo_slug}/hooks/{uid}"): "webhook_subscription",
}


class Specification:
    """Says what is wrong with a request."""

    def __init__(self, document: dict[str, Any]) -> None:
        # It demands `type` in every body, which its own examples do not send.
        document["components"]["schemas"]["object"].pop("required", None)
        self._document = document
        self._paths = [(_pattern(path), path, item) for path, item in document["paths"].items()]
        self._registry = Registry().with_resource("urn:spec", DRAFT4.create_resource(document))
        self._operation = cache(self._find)
        self._validator = cache(self._make_validator)

    def faults(self, request: Request) -> Iterator[str]:
        """Everything that the document would not allow."""
        found = self._operation(request.method, request.path)
        if found is None:
            yield f"{request}: the specification has no such operation"
            return
        path, item = found
        operation = item[request.method.lower()]
        declared = {one["name"] for one in [*item.get("parameters", ()), *operation.get("parameters", ())]}
        if unknown := request.query.keys() - declared - _EVERYWHERE:
            yield f"{request}: no parameter {', '.join(sorted(unknown))}"
        yield from self._body(request, path, operation)

    def scopes(self, method: str, path: str) -> frozenset[str]:
        """The scopes that an API token needs for an operation."""
        found = self._operation(method, path)
        declared = found[1][method.lower()].get("x-atlassian-oauth2-scopes", ()) if found else ()
        return frozenset(scope for one in declared for scope in one["scopes"])

    def classic_scopes(self, method: str, path: str) -> frozenset[str]:
        """The scopes that an access token, or OAuth, needs for an operation."""
        found = self._operation(method, path)
        security = found[1][method.lower()].get("security", ()) if found else ()
        return frozenset(scope for one in security for scope in one.get("oauth2", ()))

    def _find(self, method: str, path: str) -> tuple[str, Any] | None:
        fitting = ((name, item) for pattern, name, item in self._paths if pattern.fullmatch(path))
        return next(((name, item) for name, item in fitting if method.lower() in item), None)

    def _body(self, request: Request, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
        reference = self._schema(request.method, path, operation)
        if reference is None or not request.body:
            if operation.get("requestBody", {}).get("required") and not request.body:
                yield f"{request}: a body is required"
            return
        for error in self._validator(reference).iter_errors(request.document):
            yield f"{request}: {'.'.join(map(str, error.absolute_path))}: {error.message}"

    def _make_validator(self, reference: str) -> Draft4Validator:
        return Draft4Validator({"$ref": f"urn:spec{reference}"}, registry=self._registry)

    def _schema(self, method: str, path: str, operation: Mapping[str, Any]) -> str | None:
        if name := _FORGOTTEN.get((method, path)):
            return f"#/components/schemas/{name}"
        body = operation.get("requestBody", {})
        if "$ref" in body:
            body = self._document["components"]["requestBodies"][body["$ref"].rpartition("/")[2]]
        content = body.get("content", {}).get("application/json", {})
        reference = content.get("schema", {}).get("$ref")
        return str(reference) if reference else None


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))


# Read at import: the tests' own environment has no settings.
_FOLDER = Path(os.environ.get("MLOPS_NEW_SPECS") or Path(__file__).resolve().parents[4] / "shared" / "specs")


@cache
def at_hand() -> Specification | None:
    """The document in `MLOPS_NEW_SPECS` or beside the project; None where there is none."""
    file = _FOLDER / _FILE
    return Specification(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None
