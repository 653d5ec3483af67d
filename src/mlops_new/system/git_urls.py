"""Addresses of repositories. Pure."""

import re


def same_remote(one: str, other: str) -> bool:
    """Whether two URLs lead to one repository, by whichever protocol and as whichever user."""
    return _plain_remote(one) == _plain_remote(other)


def _plain_remote(url: str) -> str:
    without_scheme = re.sub(r"^(?:[a-z+]+://)?(?:[^@/]*@)?", "", url)
    return re.sub(r"^([^/:]+):(?!\d+/)", r"\1/", without_scheme).removesuffix("/").removesuffix(".git")
