"""A handle on one repository: where its requests go and how its writes converge."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_new.hosts.bitbucket.api.answer_fields import Document
from mlops_new.hosts.bitbucket.api.convergence import Seen, settle
from mlops_new.hosts.bitbucket.api.transport import Transport, at


@dataclass(frozen=True)
class Repository:
    """One repository of the workspace."""

    transport: Transport
    slug: str

    def at(self, *segments: str) -> str:
        """The path of something in it."""
        return at("repositories", self.transport.account.workspace, self.slug, *segments)

    def list(self, *segments: str, what: str, absent_is_empty: bool = False, **params: str) -> list[Document]:
        """A collection in it."""
        return self.transport.list(
            self.at(*segments), f"{what} of {self.slug}", absent_is_empty=absent_is_empty, **params
        )

    def post(self, *segments: str, what: str, body: Mapping[str, Any]) -> Document:
        """Create something in it: once."""
        return self.transport.write("POST", self.at(*segments), f"{what} of {self.slug}", body)

    def put(self, *segments: str, what: str, body: Mapping[str, Any] | None = None) -> Document:
        """Set something in it that has a name: once."""
        return self.transport.write("PUT", self.at(*segments), f"{what} of {self.slug}", body)

    def change(self, *segments: str, what: str, body: Mapping[str, Any]) -> Document:
        """Change something in it that a look has shown: once. Should it be gone by now, it takes another look."""
        path = self.at(*segments)
        return self.transport.write("PUT", path, f"{what} of {self.slug}", body, gone_is_unclear=True)

    def delete(self, *segments: str, what: str) -> None:
        """Remove what has an identifier of its own: none is given twice, so asking again cannot hit another."""

        def act(done: bool) -> bool:  # noqa: FBT001  # what there is to see
            del done
            self.transport.delete(self.at(*segments), f"{what} of {self.slug}")
            return True

        self.settle(lambda: False, bool, act)

    def settle(
        self,
        look: Callable[[], Seen],
        wanted: Callable[[Seen], bool],
        act: Callable[[Seen], Seen],
        *,
        unique: bool = True,
    ) -> Seen:
        """Bring about what is wanted."""
        return settle(look, wanted, act, self.transport.retry_policy, unique=unique)
