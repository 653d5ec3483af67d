"""All repositories of a workspace at once, within the rate limit of a thousand requests an hour."""

import json
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mlops_new.hosts.bitbucket.api.transport import Transport, at
from mlops_new.hosts.bitbucket.bitbucket_names import mark_of
from mlops_new.names import ANSWERS_FILE
from mlops_new.ports.git_host import Listed, Marked

_SIDE_BY_SIDE = 8
_FIELDS = "values.full_name,values.description,values.updated_on,next,size,page,pagelen"
_OURS = 'description ~ "mlops-new: project="'
_MOST = "50"  # pull requests a page


def marked(transport: Transport, project: str | None = None) -> list[tuple[Marked, str]]:
    """Every repository that carries a mark of ours, or one project's, and when something in it changed last."""
    account = transport.account
    path = at("repositories", account.workspace)
    what = f"list the repositories of {account.workspace}"
    found = []
    query = _OURS if project is None else f'{_OURS[:-1]}{project} "'
    for one in transport.list(path, what, q=query, fields=_FIELDS):
        slug, mark = str(one.get("full_name")).partition("/")[2], mark_of(one)
        if mark and project in {None, mark.project}:
            url = f"{account.git}/{account.workspace}/{slug}.git"
            found.append((Marked(slug, url, mark), str(one.get("updated_on") or "")))
    return found


def overview(transport: Transport, project: str | None = None) -> list[Listed]:
    """The answers file of each; of those that have not changed since it was read, what was read."""
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        return list(pool.map(lambda one: _listed(transport, *one), marked(transport, project)))


def open_updates(transport: Transport, slugs: Collection[str], branches: str) -> dict[str, str]:
    """By slug, the open pull request from a branch named so."""
    asked = list(slugs)
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        found = pool.map(lambda slug: _open_update(transport, slug, branches), asked)
        return {slug: address for slug, address in zip(asked, found, strict=True) if address}


def _listed(transport: Transport, repository: Marked, changed: str) -> Listed:
    key = f"{transport.account.api} {transport.account.workspace} {repository.slug} answers"
    before = transport.etag_cache.recall(key)
    if before and changed and before["changed"] == changed:
        return Listed(repository, before["answers"])
    path = at("repositories", transport.account.workspace, repository.slug, "src", "main", ANSWERS_FILE)
    answers = transport.remembered(path, f"read {ANSWERS_FILE} of {repository.slug}", raw=True)
    if answers is not None and changed:
        transport.etag_cache.keep(key, {"changed": changed, "answers": answers})
    return Listed(repository, answers)


def _open_update(transport: Transport, slug: str, branches: str) -> str | None:
    path = at("repositories", transport.account.workspace, slug, "pullrequests")
    query = f'state = "OPEN" AND source.branch.name ~ "{branches}"'
    text = transport.remembered(path, f"look for pull requests of {slug}", q=query, pagelen=_MOST)
    found: list[Mapping[str, Any]] = (json.loads(text).get("values") or []) if text else []
    return next((str(((one.get("links") or {}).get("html") or {}).get("href", "")) for one in found), None)
