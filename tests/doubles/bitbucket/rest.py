"""REST 2.0 over the double's memory: one function for each operation."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlencode

from tests.doubles.bitbucket import git_http
from tests.doubles.bitbucket.messages import Refusal, Reply, Request, as_json
from tests.doubles.bitbucket.state import Environment, Json, Repository, Workspace, new_uuid

_SLUG = re.compile(r"(?!-)(?!.*--)[a-z0-9_.-]{1,62}(?<!-)")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# These collections count their entries and give no link to the next page.
_WITHOUT_LINKS = re.compile(r"/(variables|environments)$")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Rest:
    """Answers REST requests that are authenticated already."""

    def __init__(self, workspace: Workspace, base: str, folder: Any) -> None:
        self.workspace = workspace
        self.base = base
        self.folder = folder
        self.lag = 0
        self.longest_page = 100
        self.private_allowed = True
        self.ready_environments = ("Test", "Staging", "Production")
        self.schedules_start_off = True
        self.redirect_to: str | None = None
        self._hidden: dict[tuple[str, ...], int] = {}
        self._next_id = 0

    def answer(self, request: Request) -> Reply:
        """Find the operation and perform it."""
        if self.redirect_to:
            target, self.redirect_to = self.redirect_to, None
            return Reply(302, b"", {"Location": target})
        segments = tuple(unquote(segment) for segment in request.path.strip("/").split("/"))
        match segments:
            case ("user",):
                return as_json(200, {"type": "user", "uuid": "{me}", "account_id": "me", "display_name": "Me"})
            case ("workspaces", slug, *rest):
                return self._in_workspace(request, slug, rest)
            case ("repositories", slug):
                self._check_workspace(slug)
                return self._page(request, [one.document for one in self._shown_repositories()])
            case ("repositories", slug, name, *rest):
                self._check_workspace(slug)
                return self._in_repository(request, name, rest)
            case _:
                raise Refusal(404, "Resource not found")

    def hidden(self, *key: str) -> bool:
        """Whether something exists but is not shown yet; each question brings it nearer."""
        left = self._hidden.get(key, 0)
        if left:
            self._hidden[key] = left - 1
        return left > 0

    def hide(self, *key: str, reads: int | None = None) -> None:
        """Let so many reads, usually as many as `lag` says, not show something that exists."""
        self._hidden[key] = self.lag if reads is None else reads

    # --- workspace ---

    def _check_workspace(self, slug: str) -> None:
        if slug != self.workspace.slug:
            raise Refusal(404, f"No workspace with identifier '{slug}'.")

    def _in_workspace(self, request: Request, slug: str, rest: list[str]) -> Reply:
        self._check_workspace(slug)
        match request.method, rest:
            case "GET", []:
                return as_json(200, {"type": "workspace", "slug": slug, "uuid": self.workspace.uuid, "name": slug})
            case "GET", ["projects"]:
                return self._page(request, self.workspace.projects.values())
            case "POST", ["projects"]:
                return self._create_project(request.document)
            case "GET", ["projects", key]:
                return as_json(200, self._project(key))
            case "DELETE", ["projects", key]:
                return self._delete_project(key)
            case _:
                raise Refusal(404, "Resource not found")

    def _project(self, key: str) -> Json:
        project = self.workspace.projects.get(key)
        if project is None or self.hidden("project", key):
            raise Refusal(404, f"Project with key '{key}' not found")
        return project

    def _create_project(self, body: Json) -> Reply:
        key = str(body.get("key", "")).upper()
        if not _KEY.fullmatch(key):
            raise Refusal(400, "Bad request", fields={"key": ["Key must start with a letter."]})
        if key in self.workspace.projects:
            fields = {"__all__": ["Project with this Owner and Key already exists."]}
            raise Refusal(400, "Bad request", fields=fields)
        if any(one.get("name") == body.get("name") for one in self.workspace.projects.values()):
            fields = {"__all__": ["Project with this Owner and Name already exists."]}
            raise Refusal(400, "Bad request", fields=fields)
        self.workspace.projects[key] = {"type": "project", "uuid": new_uuid(), **body, "key": key}
        self.hide("project", key)
        return as_json(201, self.workspace.projects[key])

    def _delete_project(self, key: str) -> Reply:
        self._project(key)
        if any(one.document["project"]["key"] == key for one in self.workspace.repositories.values()):
            raise Refusal(403, "Cannot delete a project that contains repositories.")
        del self.workspace.projects[key]
        return Reply(204)

    # --- repository ---

    def _shown_repositories(self) -> list[Repository]:
        return [one for slug, one in self.workspace.repositories.items() if not self.hidden("repository", slug)]

    def _in_repository(self, request: Request, slug: str, rest: list[str]) -> Reply:
        if request.method == "POST" and not rest:
            return self._create_repository(slug, request.document)
        repository = self.workspace.repositories.get(slug)
        if repository is None or self.hidden("repository", slug):
            raise Refusal(404, f"Repository {self.workspace.slug}/{slug} not found")
        if rest:
            return self._operation(request, repository, rest)
        if request.method == "DELETE":
            del self.workspace.repositories[slug]
            return Reply(204)
        if request.method == "PUT":
            repository.document.update(request.document)
            self.touch(repository)
        main = {"type": "branch", "name": "main"} if "refs/heads/main" in repository.heads else None
        return as_json(200, repository.document | {"mainbranch": main})

    def _create_repository(self, slug: str, body: Json) -> Reply:
        if not _SLUG.fullmatch(slug):
            raise Refusal(400, "Invalid URL slug value. Slugs must be limited to ASCII word characters.")
        if slug in self.workspace.repositories:
            message = "Repository with this Slug and Owner already exists."
            raise Refusal(400, message, fields={"name": ["You already have a repository with this name."]})
        if body.get("is_private") and not self.private_allowed:
            raise Refusal(402, "Your plan does not include private repositories.")
        key = (body.get("project") or {}).get("key")
        if key not in self.workspace.projects:
            raise Refusal(400, "Bad request", fields={"project": ["Project does not exist."]})
        full_name = f"{self.workspace.slug}/{slug}"
        document = {"type": "repository", "uuid": new_uuid(), "full_name": full_name, **body}
        document["updated_on"] = self._moment()
        document["links"] = {"self": {"href": f"{self.base}/2.0/repositories/{full_name}"}}
        self.workspace.repositories[slug] = Repository(document, self.folder / f"{slug}.git")
        self.hide("repository", slug)
        return as_json(200, document | {"mainbranch": None})

    def _operation(self, request: Request, repository: Repository, rest: list[str]) -> Reply:
        operations: Mapping[str, Callable[[Request, Repository, list[str]], Reply]] = {
            "refs": self._branch,
            "src": self._source,
            "pipelines_config": self._pipelines,
            "environments": self._environments,
            "deployments_config": self._deployment_variables,
            "branch-restrictions": self._restrictions,
            "default-reviewers": self._reviewers,
            "hooks": self._hooks,
            "pullrequests": self._pull_requests,
        }
        return operations[rest[0]](request, repository, rest[1:])

    def _branch(self, request: Request, repository: Repository, rest: list[str]) -> Reply:
        del request
        sha = repository.heads.get(f"refs/heads/{rest[1]}")
        if sha is None:
            raise Refusal(404, f"Branch {rest[1]} not found")
        return as_json(200, {"type": "branch", "name": rest[1], "target": {"type": "commit", "hash": sha}})

    def _source(self, request: Request, repository: Repository, rest: list[str]) -> Reply:
        del request
        content = git_http.read_file(repository, rest[0], "/".join(rest[1:]))
        if content is None:
            raise Refusal(404, f"No such file or directory: {'/'.join(rest[1:])}")
        return Reply(200, content, {"Content-Type": "text/plain"})

    # --- pipelines ---

    def _pipelines(self, request: Request, repository: Repository, rest: list[str]) -> Reply:
        if rest[:1] == ["variables"]:
            return self._variables(request, repository.variables, rest[1:])
        if rest[:1] == ["schedules"]:
            return self._schedules(request, repository, rest[1:])
        if request.method == "PUT":
            self._switch(repository, on=bool(request.document.get("enabled")))
        if repository.pipelines is None:
            raise Refusal(404, "Pipelines has never been enabled")
        return as_json(200, {"type": "repository_pipelines_configuration", "enabled": repository.pipelines})

    def _switch(self, repository: Repository, *, on: bool) -> None:
        if repository.pipelines is None:
            for name in self.ready_environments:
                self._new_environment(repository, name, name)
        repository.pipelines = on

    def _variables(self, request: Request, variables: dict[str, Json], rest: list[str]) -> Reply:
        if request.method == "GET":
            return self._page(request, [_shown(one) for one in variables.values()])
        body = request.document
        if not _VARIABLE.fullmatch(str(body.get("key"))):
            raise Refusal(400, "Bad request", fields={"key": ["invalid"]})
        uuid = rest[0] if rest else new_uuid()
        if rest and uuid not in variables:
            raise Refusal(404, "Variable not found")
        if any(one["key"] == body["key"] for other, one in variables.items() if other != uuid):
            raise Refusal(409, f"A variable with the key {body['key']} already exists")
        variables[uuid] = {"type": "pipeline_variable", "secured": False, **body, "uuid": uuid}
        return as_json(200 if rest else 201, _shown(variables[uuid]))

    def _environments(self, request: Request, repository: Repository, rest: list[str]) -> Reply:
        del rest
        if request.method == "GET":
            return self._page(request, [one.document for one in repository.environments.values()])
        name, kind = request.document.get("name"), request.document.get("environment_type", {}).get("name")
        if kind not in {"Test", "Staging", "Production"}:
            raise Refusal(400, "Bad request", fields={"environment_type": ["required"]})
        if any(one.document["name"] == name for one in repository.environments.values()):
            raise Refusal(409, f"An environment named {name} already exists")
        return as_json(201, self._new_environment(repository, name, kind))

    def _new_environment(self, repository: Repository, name: str, kind: str) -> Json:
        document: Json = {"type": "deployment_environment", "uuid": new_uuid(), "name": name}
        document["environment_type"] = {"type": "deployment_environment_type", "name": kind}
        repository.environments[document["uuid"]] = Environment(document)
        return document

    def _deployment_variables(self, request: Request, repository: Repository, rest: list[str]) -> Reply:
        environment = repository.environments.get(rest[1])
        if environment is None:
            raise Refusal(404, "Environment not found")
        return self._variables(request, environment.variables, rest[3:])

    def _schedules(self, request: Request, repository: Repository, rest: list[str]) -> Reply:
        if not rest:
            if request.method == "POST":
                return self._new_schedule(repository, request.document)
            return self._page(request, repository.schedules.values())
        schedule = repository.schedules.get(rest[0])
        if schedule is None:
            raise Refusal(404, "Schedule not found")
        if request.method == "DELETE":
            del repository.schedules[rest[0]]
            return Reply(204)
        if request.method == "PUT":
            schedule["enabled"] = request.document["enabled"]
        return as_json(200, schedule)

    def _new_schedule(self, repository: Repository, body: Json) -> Reply:
        if len(repository.schedules) >= 10:
            raise Refusal(401, "The maximum limit of schedules for this repository was reached.")
        if f"refs/heads/{body['target']['ref_name']}" not in repository.heads:
            raise Refusal(400, "The branch does not exist")
        if len(body["cron_pattern"].split()) != 7:
            raise Refusal(400, "Invalid cron pattern")
        schedule = {**body, "uuid": new_uuid(), "enabled": not self.schedules_start_off}
        repository.schedules[schedule["uuid"]] = schedule
        return as_json(201, schedule)

    # --- rules ---

    def _restrictions(self, request: Request, repository: Repository, rest: list[str]) -> Reply:
        if request.method == "GET":
            wanted = request.query.get("kind")
            found = [one for one in repository.restrictions.values() if wanted in {None, one["kind"]}]
            return self._page(request, found)
        body = request.document
        identifier = int(rest[0]) if rest else self._number()
        others = [one for other, one in repository.restrictions.items() if other != identifier]
        if any((one["kind"], one["pattern"]) == (body["kind"], body["pattern"]) for one in others):
            raise Refusal(409, "A branch restriction of this kind already exists for the pattern")
        rule = {"type": "branchrestriction", "users": [], "groups": [], "value": None, **body, "id": identifier}
        repository.restrictions[identifier] = rule
        return as_json(200 if rest else 201, rule)

    def _reviewers(self, request: Request, repository: Repository, rest: list[str]) -> Reply:
        if request.method == "GET":
            return self._page(request, repository.reviewers.values())
        user = self.workspace.users.get(rest[0])
        if user is None:
            raise Refusal(404, f"{rest[0]} is not a user of this workspace")
        repository.reviewers[user["uuid"]] = user
        return as_json(200, user)

    def _hooks(self, request: Request, repository: Repository, rest: list[str]) -> Reply:
        if request.method == "GET":
            shown = [one for one in repository.hooks.values() if not self.hidden("hook", one["uuid"])]
            return self._page(request, [_without_secret(one) for one in shown])
        uuid = rest[0] if rest else new_uuid()
        if rest and uuid not in repository.hooks:
            raise Refusal(404, "Webhook not found")
        if request.method == "DELETE":
            del repository.hooks[uuid]
            return Reply(204)
        kept = repository.hooks.get(uuid, {})
        hook = {"type": "webhook_subscription", **kept, **request.document, "uuid": uuid}
        repository.hooks[uuid] = hook
        if not rest:
            self.hide("hook", uuid)
        return as_json(200 if rest else 201, _without_secret(hook))

    def _pull_requests(self, request: Request, repository: Repository, rest: list[str]) -> Reply:
        del rest
        if request.method == "GET":
            return self._page(request, repository.pull_requests.values())
        body = request.document
        for side in ("source", "destination"):
            branch = body[side]["branch"]["name"]
            if f"refs/heads/{branch}" not in repository.heads:
                raise Refusal(400, f"Branch {branch} not found", fields={side: ["branch not found"]})
        number = self._number()
        link = {"html": {"href": f"{self.base}/{repository.document['full_name']}/pull-requests/{number}"}}
        made = {"type": "pullrequest", **body, "id": number, "state": "OPEN", "links": link}
        repository.pull_requests[number] = made
        return as_json(201, made)

    # --- shared ---

    def _moment(self) -> str:
        return f"2026-01-01T00:00:00.{self._number():06d}+00:00"

    def touch(self, repository: Repository) -> None:
        """Something was pushed to it."""
        repository.document["updated_on"] = self._moment()

    def _number(self) -> int:
        self._next_id += 1
        return self._next_id

    def _page(self, request: Request, documents: Iterable[Json]) -> Reply:
        found = [one for one in documents if _matches(one, request.query.get("q"))]
        length = int(request.query.get("pagelen", "10"))
        if request.path.endswith("/pullrequests") and length > 50:
            raise Refusal(400, "Invalid pagelen")
        length = min(length, self.longest_page)
        page = int(request.query.get("page", "1"))
        answer: Json = {"page": page, "pagelen": length, "size": len(found)}
        answer["values"] = _chosen(found[(page - 1) * length : page * length], request.query.get("fields"))
        if page * length < len(found) and not _WITHOUT_LINKS.search(request.path):
            query = urlencode({**request.query, "page": page + 1})
            answer["next"] = f"{self.base}/2.0{request.path}?{query}"
        return as_json(200, answer)


def _chosen(documents: list[Json], fields: str | None) -> list[Json]:
    """The members that were asked for; all of them where none are named."""
    names = {name.removeprefix("values.") for name in fields.split(",")} if fields else None
    return [{name: one[name] for name in one if names is None or name in names} for one in documents]


def _shown(variable: Json) -> Json:
    return {name: value for name, value in variable.items() if name != "value" or not variable["secured"]}


def _without_secret(hook: Json) -> Json:
    shown = {name: value for name, value in hook.items() if name != "secret"}
    return shown | {"secret_set": bool(hook.get("secret"))}


def _matches(document: Json, query: str | None) -> bool:
    """The part of Bitbucket's query language that is used: `path = "text"` and `path ~ "text"`, joined by AND."""
    for term in query.split(" AND ") if query else ():
        found = re.fullmatch(r'([\w.]+) (=|~) "(.*)"', term)
        if not found:
            raise Refusal(400, f"Invalid query: {term}")
        path, operator, text = found.groups()
        value: Any = document
        for name in path.split("."):
            value = (value or {}).get(name)
        text = text.replace('\\"', '"').replace("\\\\", "\\")
        if (operator == "=" and value != text) or (operator == "~" and text.lower() not in str(value).lower()):
            return False
    return True
