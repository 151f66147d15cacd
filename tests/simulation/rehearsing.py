"""What must hold of rehearsals: nobody goes on before the users that were sent there are seen to be back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulation.look import Look

Object = dict[str, Any]
UNUSED = ("Preview", "Return")
"""Steps without users."""


def left(look: Look, was: Object, is_: Object, *, returning: bool) -> None:
    """S2: no user is with the candidate when its first step begins, and what the way back took is recorded."""
    if was["step"]["name"] != "Return" or is_["step"]["index"] <= was["step"]["index"]:
        return
    if is_["passed"][-1]["by"].startswith("promote"):
        return  # A person wanted it.
    assert not look.share(look.route) and not returning, "S2: the first step began, and a rehearsal's users were not back"
    assert "took" in is_.get("rehearsal", {}), "S2: a rehearsal was left, and what the way back took is not recorded"
