"""The repositories of a workspace: looked for, created marked, adopted, deleted, listed."""

from mlops_new.errors import Conflict
from mlops_new.hosts.bitbucket import listing
from mlops_new.hosts.bitbucket.api.answer_fields import Document
from mlops_new.hosts.bitbucket.api.convergence import settle
from mlops_new.hosts.bitbucket.api.transport import at
from mlops_new.hosts.bitbucket.bitbucket_names import described, mark_of, refuse_foreign
from mlops_new.hosts.bitbucket.bitbucket_projects import BitbucketProjects
from mlops_new.hosts.bitbucket.connection import Connection, quoted
from mlops_new.hosts.bitbucket.workspaces import BitbucketWorkspace
from mlops_new.names import Kind, Mark
from mlops_new.ports.git_host import HostedRepository, Listed, Marked


class BitbucketRepositories:
    """The repositories of one workspace. Threads may share it."""

    def __init__(self, connection: Connection, workspace: BitbucketWorkspace, projects: BitbucketProjects) -> None:
        self._connection = connection
        self._workspace = workspace
        self._projects = projects

    def url(self, slug: str) -> str:
        """The clone URL a repository has or will have."""
        return self._connection.url(slug)

    def find(self, slug: str) -> HostedRepository | None:
        """The repository, or None.

        Raises:
            Conflict: it is there under another name: it was renamed by hand.
        """
        document = self._repository(slug)
        if document is None:
            self._workspace.check()
            self._refuse_renamed(slug)
            return None
        return HostedRepository(slug, self.url(slug), mark_of(document), self._head(slug, document))

    def create(self, slug: str, *, mark: Mark, description: str) -> HostedRepository:
        """Create it, private and marked, in its Bitbucket project; one that is ours already is returned as it is.

        Raises:
            Conflict: it, or the Bitbucket project, exists and is not ours.
        """
        what = f"create the repository {self._connection.workspace}/{slug}"

        def look() -> Document | None:
            document = self._repository(slug)
            refuse_foreign(document, mark, f"repository {self.url(slug)}")
            return document

        def act(seen: Document | None) -> Document:
            del seen
            body = self._repository_body(slug, self._projects.create(mark.project), described(mark, description))
            made = self._connection.transport.write("POST", self._at(slug), what, body)
            self._note_created(slug)
            return made

        document = settle(look, lambda seen: seen is not None, act, self._connection.retry_policy)
        return HostedRepository(slug, self.url(slug), mark, self._head(slug, document) if document else None)

    def delete(self, slug: str, mark: Mark) -> None:
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
            self._connection.transport.delete(self._at(slug), f"delete the repository {slug}")

        settle(look, lambda seen: seen is None, act, self._connection.retry_policy)
        self._connection.unseen_by_git.discard(self.url(slug))
        self._connection.deleted.add(slug)

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
            return self._connection.transport.write("PUT", self._at(slug), f"mark the repository {slug}", body)

        settle(look, lambda seen: mark_of(seen) == mark, act, self._connection.retry_policy)

    def marked(self) -> list[Marked]:
        """Every repository of the workspace that carries a mark of ours."""
        return [repository for repository, _ in listing.marked(self._connection.transport)]

    def overview(self, project: str | None = None) -> list[Listed]:
        """What `main` of every repository of ours is rendered from: one listing, and what has changed since."""
        return listing.overview(self._connection.transport, project)

    def _at(self, slug: str, *segments: str) -> str:
        return at("repositories", self._connection.workspace, slug, *segments)

    def _refuse_renamed(self, slug: str) -> None:
        """What we would create is there, with its mark, and somebody has given it another name."""
        project, _, kind = slug.rpartition("-")
        mark = Mark(project, kind)
        for found in self._connection.repositories(f"description ~ {quoted(str(mark))}") if kind in set(Kind) else ():
            called = str(found.get("full_name")).partition("/")[2]
            if mark_of(found) == mark and called not in {slug, *self._connection.deleted}:
                raise Conflict(
                    f"the repository {slug} is called {called} now: it still carries the mark of {project}",
                    hint=f"rename it to {slug} in Bitbucket; or, to start anew, delete the first line of its text",
                )

    def _repository(self, slug: str) -> Document | None:
        return self._connection.transport.find(
            self._at(slug), f"look for the repository {self._connection.workspace}/{slug}"
        )

    def _head(self, slug: str, document: Document) -> str | None:
        if not document.get("mainbranch"):
            return None  # nothing was pushed yet
        branch = self._connection.transport.find(self._at(slug, "refs", "branches", "main"), f"look at main of {slug}")
        target = (branch or {}).get("target") or {}
        return str(target["hash"]) if target.get("hash") else None

    def _repository_body(self, slug: str, key: str, description: str) -> Document:
        return {
            "scm": "git",
            "name": slug,
            "is_private": True,
            "description": description,
            "project": {"key": key},
            "fork_policy": self._connection.hosting.fork_policy,
        }

    def _note_created(self, slug: str) -> None:
        self._connection.deleted.discard(slug)
        self._connection.transport.created(self._at(slug))
        self._connection.unseen_by_git.add(self.url(slug))
