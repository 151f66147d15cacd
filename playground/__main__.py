"""`python -m playground`: a cluster for your own kubectl, until Ctrl-C."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from playground.installing import ChartMissing
from playground.server import PORT, PortTaken, Serving


class _NoKubeconfig(Exception):
    """It cannot be where the user wants it; the message says why and what to do."""


def main() -> int:
    """Serve until Ctrl-C, or until told to end; 0 then, 1 when it cannot start."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parser = argparse.ArgumentParser(prog="playground", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="on 127.0.0.1; 0 for any free one (default: %(default)s)")
    parser.add_argument("--kubeconfig", type=Path, help="where the kubeconfig is to be until the end")
    parser.add_argument("--crds", type=Path, help="a folder of CustomResourceDefinitions in the place of the chart's")
    given = parser.parse_args()
    try:
        with contextlib.closing(Serving(given.port, crds=given.crds)) as serving, _kubeconfig(serving, given.kubeconfig) as path:
            asyncio.run(serving.run(lambda: _tell(serving, path)))
    except KeyboardInterrupt:
        return 0
    except (PortTaken, ChartMissing, _NoKubeconfig) as problem:
        sys.stderr.write(f"playground: {problem}\n")
        return 1
    return 0


@contextlib.contextmanager
def _kubeconfig(serving: Serving, chosen: Path | None) -> Iterator[Path]:
    """The administrator's, where the user wants it; never over a file that is there. Raises _NoKubeconfig."""
    if chosen is None:
        yield serving.kubeconfig()
        return
    try:
        chosen.touch(mode=0o600, exist_ok=False)
    except OSError as problem:
        said = f"{chosen} cannot be written: {problem.strerror}. Name another file, or remove it first."
        raise _NoKubeconfig(said) from problem
    try:
        serving.write_kubeconfig(chosen)
        yield chosen.absolute()
    finally:
        chosen.unlink(missing_ok=True)


def _tell(serving: Serving, path: Path) -> None:
    sys.stdout.write(f"export KUBECONFIG={path}   # Prometheus: {serving.url}/prometheus; Ctrl-C ends it\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
