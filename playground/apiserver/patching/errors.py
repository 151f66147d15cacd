"""Why a patch is refused, with the status and the words of kube-apiserver."""

from typing import Any

_DECODED = {dict: "object", list: "array", str: "string", bool: "bool", int: "number", float: "number", type(None): "null"}


class PatchError(Exception):
    """`status`: 400 for a patch that makes no sense, 422 for one that does not fit the object (`why` says what), 413, 500."""

    def __init__(self, status: int, message: str, why: str = "") -> None:
        super().__init__(status, message, why)
        self.status, self.message, self.why = status, message, why

    def __str__(self) -> str:
        """The message, and what only a log would have."""
        return f"{self.message} ({self.why})" if self.why else self.message


_UNFIT = "the server rejected our request due to an error in our request"


def unfit(why: str) -> PatchError:
    """The patch does not fit the object. The real server keeps the reason to itself; `why` has it for those who look."""
    return PatchError(422, _UNFIT, why)


def malformed(message: str) -> PatchError:
    """The patch itself is wrong."""
    return PatchError(400, message)


def undecodable(value: Any, wanted: str, prefix: str = "error decoding patch: ") -> PatchError:
    """A value of another kind than the Go type `wanted`."""
    return malformed(f"{prefix}json: cannot unmarshal {_DECODED[type(value)]} into Go value of type {wanted}")


def printed(value: Any) -> str:
    """A value as Go prints it."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{printed(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(printed, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "<nil>", True: "true", False: "false"}[value]
    return str(value)
