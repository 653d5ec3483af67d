"""What guards one repository and who is told: branch rules, default reviewers, webhooks."""

from typing import Any

from mlops_new.errors import Invalid
from mlops_new.hosts.bitbucket.api.answer_fields import Document, identifier
from mlops_new.hosts.bitbucket.api.repository_endpoint import Repository
from mlops_new.hosts.bitbucket.setup.setup_model import Restriction, Webhook


def restrictions(repository: Repository) -> frozenset[Restriction]:
    """The branch rules that name branches by a pattern."""
    found = repository.list("branch-restrictions", what="list the branch rules")
    return frozenset(_restriction(one) for one in found if one.get("branch_match_kind", "glob") == "glob")


def restrict(repository: Repository, wanted: Restriction) -> None:
    """Create a branch rule or put it right: there is one for a kind and a pattern."""
    what = f"set the branch rule {wanted.kind}"

    def look() -> Document | None:
        found = repository.list("branch-restrictions", what="list the branch rules", kind=wanted.kind)
        return next((one for one in found if _same_rule(_restriction(one), wanted)), None)

    def act(seen: Document | None) -> Document:
        body = _restriction_body(wanted)
        if seen is None:
            return repository.post("branch-restrictions", what=what, body=body)
        return repository.change("branch-restrictions", identifier(seen, "id", what), what=what, body=body)

    repository.settle(look, lambda seen: seen is not None and _restriction(seen) == wanted, act)


def reviewers(repository: Repository) -> frozenset[str]:
    """Every identifier of every default reviewer: a person may be named by either."""
    found = repository.list("default-reviewers", what="list the default reviewers")
    return frozenset(str(one[name]) for one in found for name in ("uuid", "account_id") if one.get(name))


def add_reviewer(repository: Repository, user: str) -> None:
    """Make someone a default reviewer."""

    def act(seen: frozenset[str]) -> frozenset[str]:
        repository.put("default-reviewers", user, what=f"add the default reviewer {user}")
        return seen | {user}

    repository.settle(lambda: reviewers(repository), lambda seen: user in seen, act)


def webhooks(repository: Repository) -> tuple[Webhook, ...]:
    """The webhooks."""
    return tuple(_webhook(one) for one in repository.list("hooks", what="list the webhooks"))


def set_webhook(repository: Repository, wanted: Webhook) -> None:
    """Create a webhook or put it right: one for each URL, which Bitbucket itself does not see to."""
    what = f"set the webhook to {wanted.url}"

    def look() -> list[Document]:
        found = repository.list("hooks", what="list the webhooks")
        return sorted((one for one in found if one.get("url") == wanted.url), key=_order_of_doubles)

    def create(seen: list[Document]) -> list[Document]:
        return [*seen, repository.post("hooks", what=what, body=_webhook_body(wanted, secret=wanted.signed))]

    def update(seen: list[Document]) -> list[Document]:
        secret = wanted.signed and not _webhook(seen[0]).signed
        body = _webhook_body(wanted, secret=secret)
        return [repository.change("hooks", identifier(seen[0], "uuid", what), what=what, body=body), *seen[1:]]

    found = repository.settle(look, bool, create, unique=False)
    if not wanted.settled(_webhook(found[0])):
        repository.settle(look, lambda seen: bool(seen) and wanted.settled(_webhook(seen[0])), update)
    for double in look()[1:]:  # two people may make one at the same moment: both keep the same
        repository.delete("hooks", identifier(double, "uuid", what), what=what)


def _same_rule(restriction: Restriction, other: Restriction) -> bool:
    return (restriction.kind, restriction.pattern) == (other.kind, other.pattern)


def _restriction(document: Document) -> Restriction:
    exempt = [str(user.get("uuid")) for user in document.get("users") or ()]
    exempt += [str(group.get("slug")) for group in document.get("groups") or ()]
    value = document.get("value")
    return Restriction(
        kind=str(document.get("kind")),
        pattern=str(document.get("pattern")),
        value=value if isinstance(value, int) else None,
        exempt=frozenset(exempt),
    )


def _restriction_body(wanted: Restriction) -> dict[str, Any]:
    body: dict[str, Any] = {"kind": wanted.kind, "branch_match_kind": "glob", "pattern": wanted.pattern}
    if wanted.value is not None:
        body["value"] = wanted.value
    if wanted.kind == "push":
        # Without these two, Bitbucket lets whoever creates the rule through.
        body |= {"users": [{"uuid": user} for user in sorted(wanted.exempt)], "groups": []}
    return body


def _order_of_doubles(document: Document) -> tuple[bool, str]:
    """The first is kept: a signed one, whose secret cannot be read and set again; else by what never changes."""
    return not document.get("secret_set"), str(document.get("uuid"))


def _webhook(document: Document) -> Webhook:
    return Webhook(
        url=str(document.get("url")),
        events=frozenset(map(str, document.get("events") or ())),
        signed=bool(document.get("secret_set")),
        active=bool(document.get("active")),
    )


def _webhook_body(wanted: Webhook, *, secret: bool) -> dict[str, Any]:
    body = {"description": "mlops-new", "url": wanted.url, "active": True, "events": sorted(wanted.events)}
    if not secret:
        return body
    if wanted.secret is None:
        raise Invalid(
            f"the webhook to {wanted.url} has no secret",
            hint=f"set the environment variable {wanted.source} and run the same command again",
        )
    return body | {"secret": wanted.secret.reveal()}
