"""`python -m simulation`: manifests come in as JSON, what became of their release in virtual time goes out as JSON.

In: {"manifests": […], "release": "name or empty", "startUp": seconds}. Out: {"good": course, "bad": [a course for each step in
which harm may be seen]}, each as `rehearsal.Course`. Exit status 2, with a sentence on stderr, when they make no release.
"""

import json
import logging
import sys
from dataclasses import asdict

import structlog

from simulation.rehearsal import Rehearsal
from simulation.scene import CannotRehearse


def main() -> int:
    """Rehearse it once well, and once for each step that goes wrong."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable()
    asked = json.load(sys.stdin)
    try:
        good = Rehearsal(asked["manifests"], asked["release"], start_up=asked["startUp"]).run()
        bad = [Rehearsal(asked["manifests"], asked["release"], start_up=asked["startUp"], fails_at=number).run()
               for number in good.steps]  # fmt: skip
    except CannotRehearse as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    json.dump({"good": asdict(good), "bad": [asdict(each) for each in bad]}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
