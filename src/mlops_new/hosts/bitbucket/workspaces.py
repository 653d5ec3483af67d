"""The workspace that holds everything, and the person or token that asks."""

import threading
from http import HTTPStatus

from mlops_new.errors import Denied
from mlops_new.hosts.bitbucket.api.transport import at
from mlops_new.hosts.bitbucket.connection import Connection
from mlops_new.ports.git_host import Workspace


class BitbucketWorkspace:
    """One workspace. Threads may share it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turn = threading.Lock()
        self._seen = False

    def check(self) -> None:
        """Make sure that the workspace is there and visible: else everything in it would look absent.

        Raises:
            Denied: it is not.
        """
        with self._turn:  # who finds nothing at the same time waits for the one answer
            if not self._seen:
                self._see()
                self._seen = True

    def look(self) -> Workspace:
        """The workspace with its UUID.

        Raises:
            Denied: Bitbucket does not show it.
        """
        name = self._connection.workspace
        found = self._connection.transport.find(at("workspaces", name), f"see the workspace {name}")
        uuid = str((found or {}).get("uuid", "")).strip("{}")
        if not uuid:
            hint = "check BITBUCKET_WORKSPACE, or give the UUID with --workspace-uuid"
            raise Denied(f"Bitbucket does not show the workspace {name!r} and its UUID", hint=hint)
        return Workspace(name, uuid)

    def user(self) -> str | None:
        """The name of the token's owner; None where the token may not tell."""
        answer = self._connection.transport.probe("user", "see whose token it is")
        document = answer.document if answer.status == HTTPStatus.OK else None
        return str(document.get("display_name")) if document else None

    def _see(self) -> None:
        workspace = self._connection.workspace
        if self._connection.transport.find(at("workspaces", workspace), f"see the workspace {workspace}") is None:
            raise Denied(
                f"Bitbucket shows no workspace {workspace!r}",
                hint="check BITBUCKET_WORKSPACE, and that the token's owner is a member of the workspace",
            )
