"""The real Prometheus by itself, without a cluster."""

import json
import re
import time
from pathlib import Path
from typing import Any, Self

from tests.controlplane import binaries, processes

_DEADLINE = 60


class PrometheusAlone:
    """Use as a context manager. Raises binaries.Missing where there is no Prometheus.

    `configuration` is that of its file; everything it writes is in `folder`.
    """

    def __init__(self, folder: Path, configuration: dict[str, Any], *arguments: str) -> None:
        self._log = folder / "prometheus.log"
        file = folder / "prometheus.json"
        file.write_text(json.dumps(configuration))
        self._argv = [binaries.path("prometheus"), f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}",
                      "--web.listen-address=127.0.0.1:0", *arguments]  # fmt: skip

    def __enter__(self) -> Self:
        self._process = processes.start(self._argv, self._log)
        try:
            self.url = self._url_when_ready()
        except BaseException:
            processes.end(self._process)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        processes.end(self._process)

    def _url_when_ready(self) -> str:
        """It chooses a free port itself, and says which in its log."""
        deadline = time.monotonic() + _DEADLINE
        while time.monotonic() < deadline:
            found = re.search(r'"Listening on".* address=(\S+)', self._log.read_text())
            if found and processes.is_ready(f"http://{found[1]}"):
                return f"http://{found[1]}"
            time.sleep(0.05)
        raise TimeoutError(f"Prometheus did not become ready: {self._log.read_text()[-2000:]}")
