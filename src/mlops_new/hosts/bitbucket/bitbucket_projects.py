"""Bitbucket projects: what holds the repositories of a project."""

import threading

from mlops_new.errors import Conflict, Invalid
from mlops_new.hosts.bitbucket.api.answer_fields import Document
from mlops_new.hosts.bitbucket.api.convergence import settle
from mlops_new.hosts.bitbucket.api.transport import at
from mlops_new.hosts.bitbucket.bitbucket_names import described, project_key, project_mark, refuse_foreign
from mlops_new.hosts.bitbucket.connection import Connection, quoted


class BitbucketProjects:
    """The Bitbucket projects of one workspace. Threads may share it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._known: set[str] = set()

    def find(self, name: str) -> Document | None:
        """The Bitbucket project that holds, or will hold, a project's repositories.

        Raises:
            Conflict: there is one of that key, or of that name, that is not ours.
            Invalid: the settings name one that is not there.
        """
        key = self.key(name)
        document = self._connection.transport.find(self._at(key), f"look for the Bitbucket project {key}")
        if document is None and self._connection.hosting.project is None:
            self._refuse_taken_name(name, key)
        if self._connection.hosting.project is None:
            refuse_foreign(document, project_mark(name), f"Bitbucket project {key} in {self._connection.workspace}")
        elif document is None:
            raise Invalid(
                f"the workspace {self._connection.workspace} has no Bitbucket project {key}, which the settings name",
                hint="create it, or correct `project` in the [bitbucket] table",
            )
        return document

    def key(self, name: str) -> str:
        """The key of that Bitbucket project."""
        return self._connection.hosting.project or project_key(name)

    def create(self, name: str) -> str:
        """Create the Bitbucket project, marked, unless it is there; return its key."""
        key = self.key(name)
        with self._lock:  # two repositories created side by side share one
            if key not in self._known:
                settle(lambda: self.find(name), bool, lambda _: self._create(name, key), self._connection.retry_policy)
                self._known.add(key)
        return key

    def delete(self, name: str) -> None:
        """Delete the Bitbucket project made for a project; gone is fine, a shared one stays.

        Raises:
            Conflict: it is not ours, or holds repositories still.
        """
        if self._connection.hosting.project is not None:
            return
        key = project_key(name)

        def act(seen: Document | None) -> None:
            del seen
            if left := self.held(name):
                holds = f"Bitbucket project {key} still holds {', '.join(sorted(left))}"
                raise Conflict(holds, hint="move or delete them first")
            self._connection.transport.delete(self._at(key), f"delete the Bitbucket project {key}")

        settle(lambda: self.find(name), lambda seen: seen is None, act, self._connection.retry_policy)
        self._known.discard(key)

    def held(self, name: str) -> set[str]:
        """The slugs of the repositories that the Bitbucket project of a project holds."""
        found = self._connection.repositories(f'project.key = "{self.key(name)}"')
        return {str(one.get("full_name")).partition("/")[2] for one in found} - self._connection.deleted

    def _refuse_taken_name(self, name: str, key: str) -> None:
        """Bitbucket gives each name once in a workspace, whatever the key."""
        path = at("workspaces", self._connection.workspace, "projects")
        found = self._connection.transport.list(
            path, "look for Bitbucket projects of that name", q=f"name = {quoted(name)}"
        )
        for one in found:
            if str(one.get("name", "")).lower() == name.lower() and one.get("key") != key:
                raise Conflict(
                    f"the workspace {self._connection.workspace} has a Bitbucket project called {name}, with the key "
                    f"{one.get('key')}, that was not made for this project",
                    hint="choose another name; or name its key as `project` in [bitbucket] of the settings file",
                )

    def _at(self, key: str) -> str:
        return at("workspaces", self._connection.workspace, "projects", key)

    def _create(self, name: str, key: str) -> Document:
        body = {
            "name": name,
            "key": key,
            "description": described(project_mark(name), "Build and deploy repositories of one SageMaker project"),
            "is_private": True,
        }
        path = at("workspaces", self._connection.workspace, "projects")
        return self._connection.transport.write("POST", path, f"create the Bitbucket project {key}", body)
