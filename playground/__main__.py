"""`python -m playground`: a cluster for your own kubectl, until Ctrl-C."""

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path

from playground.installing import ChartMissing
from playground.server import PORT, PortTaken, Serving


def main() -> int:
    """Serve until Ctrl-C; 0 then, 1 when it cannot start."""
    parser = argparse.ArgumentParser(prog="playground", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="on 127.0.0.1; 0 for any free one (default: %(default)s)")
    parser.add_argument("--kubeconfig", type=Path, help="where to write the kubeconfig (default: a file that goes at the end)")
    parser.add_argument("--crds", type=Path, help="a folder of CustomResourceDefinitions in the place of the chart's")
    given = parser.parse_args()
    try:
        serving = Serving(given.port, crds=given.crds)
    except (PortTaken, ChartMissing) as problem:
        sys.stderr.write(f"playground: {problem}\n")
        return 1
    with contextlib.suppress(KeyboardInterrupt), contextlib.closing(serving):
        asyncio.run(serving.run(lambda: _tell(serving, given.kubeconfig)))
    return 0


def _tell(serving: Serving, chosen: Path | None) -> None:
    if chosen:
        serving.write_kubeconfig(chosen)
    path = (chosen or serving.kubeconfig()).absolute()
    sys.stdout.write(f"export KUBECONFIG={path}   # Prometheus: {serving.url}/prometheus; Ctrl-C ends it\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
