"""What `helm install` of the chart would bring, without Helm: the resources' definitions, the policies, the controller's rights.

Definitions and rights are read from the chart, so that they cannot differ from it. The controller itself is not started here.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from playground.apiserver.objects import Object
from playground.policies.installation import Installation, objects

TEMPLATES = Path(__file__).parents[1] / "charts" / "release-coordinator" / "templates"
_NAME = "release-coordinator"
_COMMENT = re.compile(r"\{\{- /\*.*?\*/ -\}\}", re.DOTALL)
_KNOWN = re.compile(r'\{\{ (?:\$fullname|include "release-coordinator\.serviceAccountName" [.$]|[.$]\.?Release\.Namespace) \}\}')


class ChartMissing(Exception):
    """The chart is not where it should be; the message says what to do."""


@cache
def definitions(folder: Path = TEMPLATES / "crds") -> tuple[Object, ...]:
    """The CustomResourceDefinitions in a folder of YAML files, read once. Raises ChartMissing."""
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ChartMissing(f"no CustomResourceDefinitions in {folder}: give the folder with --crds")
    return tuple(document for file in files for document in yaml.safe_load_all(file.read_text(encoding="utf-8")) if document)


@cache
def rights() -> tuple[Object, ...]:
    """The controller's roles and bindings. Of the template only names are filled in; what is chosen by values is left out."""
    text = _KNOWN.sub(_NAME, _COMMENT.sub("", (TEMPLATES / "rbac.yaml").read_text(encoding="utf-8")))
    plain = "\n".join(line for line in text.splitlines() if "{{" not in line)
    documents = []
    for document in yaml.safe_load_all(plain):
        if document["kind"] == "RoleBinding" and document["metadata"]["name"] != _NAME:
            continue  # For `watchNamespaces` only.
        if document["kind"] in ("Role", "RoleBinding"):
            document["metadata"]["namespace"] = _NAME
        documents.append(document)
    return tuple(documents)


def manifests(crds: Path | None = None) -> Iterator[Object]:
    """Everything, in the order in which to create it."""
    yield from definitions(crds) if crds else definitions()
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": _NAME, "namespace": _NAME}}
    yield from rights()
    yield from objects(Installation())


def resource_of(manifest: Any) -> str:
    """plural.group of the kinds that are installed."""
    kind, group = manifest["kind"].lower(), manifest["apiVersion"].rpartition("/")[0]
    plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
    return f"{plural}.{group}" if group else plural
