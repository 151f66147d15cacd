"""Compares by a Python library, in a process of its own: a contract that asks for too much ends that process, not releasectl.

The module beside this one that is named as the library does it; it is run as a script, and imports nothing of ours.
"""

import importlib.util
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from controller.contracts.program import Lists, NotCompared, run


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """The module that is imported, and what is installed to have it."""

    module: str
    distribution: str

    def compare(self, old: str, new: str) -> Lists:
        """What the script answers: {"breaking": […], "safe": […]}, or {"problem": …}. Raises NotCompared."""
        if importlib.util.find_spec(self.module) is None:
            raise NotCompared(f"not compared, as {self.distribution} is not installed; pip install {self.distribution}")
        script = Path(__file__).with_name(f"{self.module}.py")
        # -P: or the script, which is named as the library, would be imported in its stead.
        done = run(self.distribution, [sys.executable, "-P", str(script)], {"old": old, "new": new})
        try:
            found = json.loads(done.answer)
        except ValueError:
            raise NotCompared(f"not compared: {self.distribution} says: {done.last}") from None
        if "problem" in found:
            raise NotCompared(found["problem"])
        return tuple(found["breaking"]), tuple(found["safe"])
