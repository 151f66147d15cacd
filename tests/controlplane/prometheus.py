"""Real Prometheus with Kubernetes pod discovery; it may be paused or stopped in mid-test.

Every pod port named `http` or `metrics` is scraped once a second. Series carry `namespace`, `pod`, `app` and
`pod_template_hash`, the last two from the pod's labels. A second one beside it scrapes the same and writes into the first,
with the label `prometheus_replica`: a pair for high availability, before a store that takes what both send.
"""

import json
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Self

from tests.controlplane import access, processes
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.namespace import NODE_ADDRESS

_META = "__meta_kubernetes_"
_RIGHTS = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]


class Prometheus:
    """Use as a context manager, or `start` and `stop`; it can be started again, with the data it had."""

    def __init__(self, cluster: ControlPlane, beside: "Prometheus | None" = None) -> None:
        """`beside`: the one that this is the second of."""
        self._cluster, self._beside = cluster, beside
        self._folder = cluster.folder / ("prometheus-b" if beside else "prometheus")
        self._process: subprocess.Popen[bytes] | None = None
        self._extra: dict[str, str] = {}
        self._address = f"{NODE_ADDRESS}:{processes.free_port(NODE_ADDRESS)}"
        self.url = f"http://{self._address}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Return when it answers queries."""
        if not self._folder.exists():
            self._folder.mkdir()
            if self._beside is None:
                token = access.service_account(self._cluster.client(), "monitoring", "prometheus", _RIGHTS)
                (self._folder / "token").write_text(token)
        self._write_configuration()
        self._process = self._cluster.run("prometheus", [
            f"--config.file={self._folder / 'prometheus.json'}", f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address={self._address}", "--scrape.discovery-reload-interval=100ms", "--log.level=warn",
            "--web.enable-remote-write-receiver",
        ])  # fmt: skip
        self._cluster.wait_for(lambda: processes.is_ready(self.url), what="Prometheus")

    def stop(self) -> None:
        """End it; its data stay."""
        if self._process is not None:
            processes.end(self._process)
            self._process = None

    def pause(self) -> None:
        """It accepts connections and never answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._signal(signal.SIGCONT)

    def also_scrape(self, job: str, address: str) -> None:
        """Scrape another address under a job name of its own."""
        self._extra[job] = address
        self._write_configuration()
        self._signal(signal.SIGHUP)

    def query(self, promql: str) -> list[dict[str, Any]]:
        """The result of an instant query: [{"metric": {...}, "value": [time, "1"]}, …]."""
        parameters = urllib.parse.urlencode({"query": promql})
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{parameters}", timeout=10) as answer:
            return list(json.load(answer)["data"]["result"])

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _write_configuration(self) -> None:
        renamed = {"namespace": "namespace", "pod_name": "pod", "pod_label_app": "app",
                   "pod_label_pod_template_hash": "pod_template_hash"}  # fmt: skip
        pods = {
            "job_name": "pods",
            "kubernetes_sd_configs": [{
                "role": "pod", "api_server": self._cluster.server,
                "authorization": {"credentials_file": str((self._beside or self)._folder / "token")},
                "tls_config": {"ca_file": str(self._cluster.certificate)},
            }],
            "relabel_configs": [
                {"action": "keep", "source_labels": [_META + "pod_container_port_name"], "regex": "http|metrics"},
                {"action": "keep", "source_labels": [_META + "pod_phase"], "regex": "Running"},
                *({"source_labels": [_META + meta], "target_label": label} for meta, label in renamed.items()),
            ],
        }  # fmt: skip
        others = [{"job_name": j, "static_configs": [{"targets": [address]}]} for j, address in self._extra.items()]
        content: dict[str, Any] = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [pods, *others],
        }  # fmt: skip
        if self._beside is not None:
            content["global"]["external_labels"] = {"prometheus_replica": "b"}
            soon = {"batch_send_deadline": "500ms"}
            content["remote_write"] = [{"url": f"{self._beside.url}/api/v1/write", "queue_config": soon}]
        (self._folder / "prometheus.json").write_text(json.dumps(content))
