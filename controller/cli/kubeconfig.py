"""Which context of a kubeconfig is meant, and its namespace: what the user must be told when it cannot be used.

Credentials are none of this module's business; the connection reads them itself.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from controller.cli.answers import Exit, Problem
from controller.kube.connection import TOKEN_FILE

_POD_NAMESPACE = Path(TOKEN_FILE).with_name("namespace")
_HOME = "~/.kube/config"
_REMEDY = "Name one with --kubeconfig or KUBECONFIG, or let your cluster's tool write ~/.kube/config."


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where commands go. `files` is None in a pod, where its ServiceAccount is used."""

    name: str
    server: str
    namespace: str
    files: str | None

    def __str__(self) -> str:
        """For sentences."""
        return f"the cluster {self.server} (context {self.name})" if self.files else "the cluster that this pod is in"


def find(files: str | None, wanted: str | None) -> Context:
    """The context that `--kubeconfig` and `--context` name, by default as kubectl finds it. Raises Problem."""
    named = files or os.environ.get("KUBECONFIG")
    if not named and not wanted and os.environ.get("KUBERNETES_SERVICE_HOST") and os.path.isfile(TOKEN_FILE):
        return Context(name="pod", server="", namespace=_POD_NAMESPACE.read_text(encoding="ascii").strip(), files=None)
    chosen = named or _HOME
    parts = [_read(path) for path in _existing(chosen)]
    contexts = _named(parts, "contexts", "context")
    name = wanted or next((str(part["current-context"]) for part in parts if part.get("current-context")), None)
    there = f"There are: {', '.join(sorted(contexts))}." if contexts else "It has none."
    if name is None:
        raise Problem(f"The kubeconfig {chosen} names no current context. Choose one with `kubectl config use-context NAME` or "
                      f"--context NAME. {there}", Exit.UNREACHABLE)  # fmt: skip
    if name not in contexts:
        raise Problem(f"The kubeconfig {chosen} has no context {name}. {there} Choose one with --context NAME.", Exit.UNREACHABLE)
    context = contexts[name]
    cluster = _named(parts, "clusters", "cluster").get(str(context.get("cluster")), {})
    return Context(name=name, server=str(cluster.get("server") or "without an address"),
                   namespace=str(context.get("namespace") or "default"), files=chosen)  # fmt: skip


def _existing(chosen: str) -> list[Path]:
    paths = [Path(part).expanduser() for part in chosen.split(os.pathsep) if part]
    found = [path for path in paths if path.is_file()]
    if not found:
        raise Problem(f"There is no kubeconfig at {chosen}. {_REMEDY}", Exit.UNREACHABLE)
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        parsed = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        said = " ".join(str(error).split())
        raise Problem(f"The kubeconfig {path} cannot be read: {said}. Correct the file, or name another one.",
                      Exit.UNREACHABLE) from error  # fmt: skip
    return parsed if isinstance(parsed, dict) else {}


def _named(parts: list[dict[str, Any]], key: str, inner: str) -> dict[str, dict[str, Any]]:
    """Entries by name; of two with the same name the first file's counts, as for kubectl."""
    found: dict[str, dict[str, Any]] = {}
    for entry in (e for part in parts for e in part.get(key) or []):
        if isinstance(entry, dict) and "name" in entry:
            found.setdefault(str(entry["name"]), entry.get(inner) or {})
    return found
