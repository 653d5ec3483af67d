"""Bitbucket Cloud as the Git host: Bitbucket projects, repositories, pull requests, and git's way in."""

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from mlops_new.errors import Conflict, Denied, Error, Invalid
from mlops_new.hosts.bitbucket import git_credentials, listing
from mlops_new.hosts.bitbucket.api.answer_fields import Document, created, identifier
from mlops_new.hosts.bitbucket.api.convergence import settle
from mlops_new.hosts.bitbucket.api.credentials import Account
from mlops_new.hosts.bitbucket.api.etag_cache import Memory
from mlops_new.hosts.bitbucket.api.repository_endpoint import Repository
from mlops_new.hosts.bitbucket.api.retry_policy import NOT_YET, Patience
from mlops_new.hosts.bitbucket.api.transport import Transport, at
from mlops_new.hosts.bitbucket.bitbucket_names import described, mark_of, project_key, project_mark, refuse_foreign
from mlops_new.names import Kind, Mark
from mlops_new.ports.git_host import HostedRepository, Listed, Marked, Workspace
from mlops_new.system import git


@dataclass(frozen=True)
class Hosting:
    """How repositories are hosted.

    Args:
        project: The key of a Bitbucket project that exists and takes every repository; None: each project has its own.
        fork_policy: Who may fork: `no_forks`, `no_public_forks` or `allow_forks`.
    """

    project: str | None = None
    fork_policy: str = "no_forks"


@dataclass(frozen=True)
class PullRequest:
    """A pull request that is open."""

    number: int
    title: str
    url: str


class BitbucketCloud:
    """The Git host of one workspace. Threads may share it."""

    def __init__(
        self,
        account: Account,
        hosting: Hosting | None = None,
        patience: Patience | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.account = account
        self.hosting = hosting or Hosting()
        self.transport = Transport(account, patience or Patience(), memory)
        self._patience = self.transport.patience
        self._lock = threading.Lock()
        self._workspace_turn = threading.Lock()
        self._workspace_seen = False
        self._projects: set[str] = set()
        self._unseen_by_git: set[str] = set()
        self._deleted: set[str] = set()

    # --- what every Git host does ---

    def url(self, slug: str) -> str:
        """The clone URL a repository has or will have."""
        return f"{self.account.git}/{self.account.workspace}/{slug}.git"

    def find(self, slug: str) -> HostedRepository | None:
        """The repository, or None.

        Raises:
            Conflict: it is there under another name: it was renamed by hand.
        """
        document = self._repository(slug)
        if document is None:
            self.check_workspace()
            self._refuse_renamed(slug)
            return None
        return HostedRepository(slug, self.url(slug), mark_of(document), self._head(slug, document))

    def create(self, slug: str, *, mark: Mark, description: str) -> HostedRepository:
        """Create it, private and marked, in its Bitbucket project; one that is ours already is returned as it is.

        Raises:
            Conflict: it, or the Bitbucket project, exists and is not ours.
        """
        what = f"create the repository {self.account.workspace}/{slug}"

        def look() -> Document | None:
            document = self._repository(slug)
            refuse_foreign(document, mark, f"repository {self.url(slug)}")
            return document

        def act(seen: Document | None) -> Document:
            del seen
            body = self._repository_body(slug, self.create_project(mark.project), described(mark, description))
            made = self.transport.write("POST", self._at(slug), what, body)
            self._note_created(slug)
            return made

        document = settle(look, lambda seen: seen is not None, act, self._patience)
        return HostedRepository(slug, self.url(slug), mark, self._head(slug, document) if document else None)

    def appears(self, url: str) -> bool:
        """After git did not find a repository: wait, if it was created a moment ago, and say whether it is there."""
        if url not in self._unseen_by_git:
            return False
        self._unseen_by_git.discard(url)
        for pause in self._patience.lag:
            if self._git_sees(url):
                return True
            self._patience.wait(pause, NOT_YET)
        return False

    @contextmanager
    def credentials(self, url: str) -> Iterator[Mapping[str, str]]:
        """The environment that lets git read and write the URL, for one command."""
        if not url.startswith(f"{self.account.git}/"):
            yield {}
            return
        with git_credentials.environment(self.account) as environment:
            yield environment

    # --- workspace and user ---

    def check_workspace(self) -> None:
        """Make sure that the workspace is there and visible: else everything in it would look absent.

        Raises:
            Denied: it is not.
        """
        with self._workspace_turn:  # who finds nothing at the same time waits for the one answer
            if not self._workspace_seen:
                self._see_workspace()
                self._workspace_seen = True

    def _see_workspace(self) -> None:
        workspace = self.account.workspace
        if self.transport.find(at("workspaces", workspace), f"see the workspace {workspace}") is None:
            raise Denied(
                f"Bitbucket shows no workspace {workspace!r}",
                hint="check BITBUCKET_WORKSPACE, and that the token's owner is a member of the workspace",
            )

    def workspace(self) -> Workspace:
        """The workspace with its UUID.

        Raises:
            Denied: Bitbucket does not show it.
        """
        name = self.account.workspace
        found = self.transport.find(at("workspaces", name), f"see the workspace {name}")
        uuid = str((found or {}).get("uuid", "")).strip("{}")
        if not uuid:
            hint = "check BITBUCKET_WORKSPACE, or give the UUID with --workspace-uuid"
            raise Denied(f"Bitbucket does not show the workspace {name!r} and its UUID", hint=hint)
        return Workspace(name, uuid)

    def user(self) -> str | None:
        """The name of the token's owner; None where the token may not tell."""
        answer = self.transport.probe("user", "see whose token it is")
        document = answer.document if answer.status == HTTPStatus.OK else None
        return str(document.get("display_name")) if document else None

    # --- Bitbucket projects ---

    def find_project(self, name: str) -> Document | None:
        """The Bitbucket project that holds, or will hold, a project's repositories.

        Raises:
            Conflict: there is one of that key, or of that name, that is not ours.
            Invalid: the settings name one that is not there.
        """
        key = self.project_key(name)
        document = self.transport.find(self._project_at(key), f"look for the Bitbucket project {key}")
        if document is None and self.hosting.project is None:
            self._refuse_taken_name(name, key)
        if self.hosting.project is None:
            refuse_foreign(document, project_mark(name), f"Bitbucket project {key} in {self.account.workspace}")
        elif document is None:
            raise Invalid(
                f"the workspace {self.account.workspace} has no Bitbucket project {key}, which the settings name",
                hint="create it, or correct `project` in the [bitbucket] table",
            )
        return document

    def project_key(self, name: str) -> str:
        """The key of that Bitbucket project."""
        return self.hosting.project or project_key(name)

    def create_project(self, name: str) -> str:
        """Create the Bitbucket project, marked, unless it is there; return its key."""
        key = self.project_key(name)
        with self._lock:  # two repositories created side by side share one
            if key not in self._projects:
                settle(lambda: self.find_project(name), bool, lambda _: self._new_project(name, key), self._patience)
                self._projects.add(key)
        return key

    def delete_project(self, name: str) -> None:
        """Delete the Bitbucket project made for a project; gone is fine, a shared one stays.

        Raises:
            Conflict: it is not ours, or holds repositories still.
        """
        if self.hosting.project is not None:
            return
        key = project_key(name)

        def act(seen: Document | None) -> None:
            del seen
            if left := self.held(name):
                holds = f"Bitbucket project {key} still holds {', '.join(sorted(left))}"
                raise Conflict(holds, hint="move or delete them first")
            self.transport.delete(self._project_at(key), f"delete the Bitbucket project {key}")

        settle(lambda: self.find_project(name), lambda seen: seen is None, act, self._patience)
        self._projects.discard(key)

    def held(self, name: str) -> set[str]:
        """The slugs of the repositories that the Bitbucket project of a project holds."""
        return self._slugs(f'project.key = "{self.project_key(name)}"') - self._deleted

    # --- repositories ---

    def repository(self, slug: str) -> Repository:
        """A handle for the set-up of one repository."""
        return Repository(self.transport, slug)

    def delete_repository(self, slug: str, mark: Mark) -> None:
        """Delete a repository that carries the mark; gone is fine.

        Raises:
            Conflict: it is not ours.
        """

        def look() -> Document | None:
            document = self._repository(slug)
            refuse_foreign(document, mark, f"repository {self.url(slug)}")
            return document

        def act(seen: Document | None) -> None:
            del seen
            self.transport.delete(self._at(slug), f"delete the repository {slug}")

        settle(look, lambda seen: seen is None, act, self._patience)
        self._unseen_by_git.discard(self.url(slug))
        self._deleted.add(slug)

    def adopt(self, slug: str, *, mark: Mark) -> None:
        """Mark a repository that somebody made by hand.

        Raises:
            Conflict: it is not there, or carries another mark.
        """

        def look() -> Document:
            document = self._repository(slug)
            if document is None or mark_of(document) not in {None, mark}:
                raise Conflict(f"repository {self.url(slug)} is missing, or was made for another project")
            return document

        def act(seen: Document) -> Document:
            body = {"description": described(mark, str(seen.get("description") or ""))}
            return self.transport.write("PUT", self._at(slug), f"mark the repository {slug}", body)

        settle(look, lambda seen: mark_of(seen) == mark, act, self._patience)

    def marked(self) -> list[Marked]:
        """Every repository of the workspace that carries a mark of ours."""
        return [repository for repository, _ in listing.marked(self.transport)]

    def overview(self, project: str | None = None) -> list[Listed]:
        """What `main` of every repository of ours is rendered from: one listing, and what has changed since."""
        return listing.overview(self.transport, project)

    def open_updates(self, slugs: Collection[str], branches: str) -> Mapping[str, str]:
        """By slug, the open pull request from a branch named so."""
        return listing.open_updates(self.transport, slugs, branches)

    # --- pull requests ---

    @property
    def has_pull_requests(self) -> bool:
        """It has."""
        return True

    def find_proposal(self, slug: str, branch: str) -> str | None:
        """The address of the open pull request from a branch to `main`; None where there is none."""
        found = self.find_pull_request(slug, branch)
        return found.url if found else None

    def propose(self, slug: str, branch: str, title: str, description: str) -> str:
        """Open a pull request from a branch to `main`, or find the one that is open, and give its address."""
        return self.create_pull_request(slug, branch, title, description).url

    def find_pull_request(self, slug: str, source: str, destination: str = "main") -> PullRequest | None:
        """The open pull request from one branch to another, or None."""
        branches = f"source.branch.name = {_quoted(source)} AND destination.branch.name = {_quoted(destination)}"
        query = f'state = "OPEN" AND {branches}'
        found = self.repository(slug).list("pullrequests", what="look for a pull request", q=query)
        return next((_pull_request(one) for one in found if identifier(one, "id", "look for a pull request")), None)

    def create_pull_request(
        self, slug: str, source: str, title: str, description: str, destination: str = "main"
    ) -> PullRequest:
        """Open a pull request; one that is open between the same branches is returned as it is."""
        repository = self.repository(slug)
        body = {
            "title": title,
            "description": description,
            "source": {"branch": {"name": source}},
            "destination": {"branch": {"name": destination}},
            "close_source_branch": True,
        }

        def act(seen: PullRequest | None) -> PullRequest:
            del seen
            return _pull_request(repository.post("pullrequests", what="open a pull request", body=body))

        found = settle(
            lambda: self.find_pull_request(slug, source, destination),
            lambda seen: seen is not None,
            act,
            self._patience,
            unique=False,
        )
        if found is None:
            raise Error(f"{slug} has no pull request from {source}", hint="run the same command again")
        return found

    # --- inside ---

    def _at(self, slug: str, *segments: str) -> str:
        return at("repositories", self.account.workspace, slug, *segments)

    def _refuse_renamed(self, slug: str) -> None:
        """What we would create is there, with its mark, and somebody has given it another name."""
        project, _, kind = slug.rpartition("-")
        mark = Mark(project, kind)
        for found in self._repositories(f"description ~ {_quoted(str(mark))}") if kind in set(Kind) else ():
            called = str(found.get("full_name")).partition("/")[2]
            if mark_of(found) == mark and called not in {slug, *self._deleted}:
                raise Conflict(
                    f"the repository {slug} is called {called} now: it still carries the mark of {project}",
                    hint=f"rename it to {slug} in Bitbucket; or, to start anew, delete the first line of its text",
                )

    def _refuse_taken_name(self, name: str, key: str) -> None:
        """Bitbucket gives each name once in a workspace, whatever the key."""
        path = at("workspaces", self.account.workspace, "projects")
        found = self.transport.list(path, "look for Bitbucket projects of that name", q=f"name = {_quoted(name)}")
        for one in found:
            if str(one.get("name", "")).lower() == name.lower() and one.get("key") != key:
                raise Conflict(
                    f"the workspace {self.account.workspace} has a Bitbucket project called {name}, with the key "
                    f"{one.get('key')}, that was not made for this project",
                    hint="choose another name; or name its key as `project` in [bitbucket] of the settings file",
                )

    def _project_at(self, key: str) -> str:
        return at("workspaces", self.account.workspace, "projects", key)

    def _repository(self, slug: str) -> Document | None:
        return self.transport.find(self._at(slug), f"look for the repository {self.account.workspace}/{slug}")

    def _head(self, slug: str, document: Document) -> str | None:
        if not document.get("mainbranch"):
            return None  # nothing was pushed yet
        branch = self.transport.find(self._at(slug, "refs", "branches", "main"), f"look at main of {slug}")
        target = (branch or {}).get("target") or {}
        return str(target["hash"]) if target.get("hash") else None

    def _repository_body(self, slug: str, key: str, description: str) -> Document:
        return {
            "scm": "git",
            "name": slug,
            "is_private": True,
            "description": description,
            "project": {"key": key},
            "fork_policy": self.hosting.fork_policy,
        }

    def _note_created(self, slug: str) -> None:
        self._deleted.discard(slug)
        self.transport.created(self._at(slug))
        self._unseen_by_git.add(self.url(slug))

    def _new_project(self, name: str, key: str) -> Document:
        body = {
            "name": name,
            "key": key,
            "description": described(project_mark(name), "Build and deploy repositories of one SageMaker project"),
            "is_private": True,
        }
        path = at("workspaces", self.account.workspace, "projects")
        return self.transport.write("POST", path, f"create the Bitbucket project {key}", body)

    def _repositories(self, query: str) -> list[Document]:
        path = at("repositories", self.account.workspace)
        return self.transport.list(path, f"list the repositories of {self.account.workspace}", q=query)

    def _slugs(self, query: str) -> set[str]:
        return {str(one.get("full_name")).partition("/")[2] for one in self._repositories(query)}

    def _git_sees(self, url: str) -> bool:
        try:
            with git_credentials.environment(self.account) as environment:
                git.remote_refs(url, environment)
        except git.GitError:
            return False
        return True


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _pull_request(document: Document) -> PullRequest:
    links = document.get("links") or {}
    url = (links.get("html") or {}).get("href", "")
    number = created(document, "id", "open a pull request")
    return PullRequest(int(number), str(document.get("title", "")), str(url))
