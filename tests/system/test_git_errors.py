"""What git's last words mean."""

import pytest

from mlops_new.system.git_errors import understand


@pytest.mark.parametrize(
    ("said", "code", "hint"),
    [
        (b"fatal: write error: No space left on device\n", 1, "free some disk space"),
        (b"fatal: sha1 file '/x/.git/index.lock' write error. Out of diskspace\n", 1, "free some disk space"),
        (
            b"remote: Permission denied\nfatal: unable to access 'x': error: 403\n",
            4,
            "scopes",
        ),
        (b"fatal: Authentication failed for 'https://x'\n", 4, "check the credentials"),
        (b"fatal: unable to access 'https://x/': Could not resolve host: x\n", 5, "again"),
    ],
)
def test_every_kind_of_refusal_has_its_code_and_a_way_out(said: bytes, code: int, hint: str) -> None:
    refusal = understand(said)
    assert refusal.code == code
    assert hint in refusal.hint
    assert "\n" not in refusal.message
