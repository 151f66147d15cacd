"""What a pod's processes see of the file system: the host's, with the pod's volumes put into it.

Each container gets a folder of symbolic links that becomes its root: `.host` is the real root (bound there in a mount
namespace of its own), every other entry leads into it, and only the folders on the way to a mount path are made anew.
So a volume can appear anywhere, without privileges on the host, and nothing has to be cleaned up there.
"""

import asyncio
import base64
import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from tests.controlplane.kubelet.client import Client, Object, Refused

HOST = ".host"
REFRESH = 1.0
"""Seconds."""


class NotThereYet(Exception):
    """A ConfigMap or Secret does not exist (yet): the pod waits for it, as with a real kubelet."""


class Volumes:
    """The volumes of one pod, as folders under `folder`."""

    def __init__(self, client: Client, pod: Object, folder: Path) -> None:
        self._client, self._pod, self._folder = client, pod, folder
        self._namespace = pod["metadata"]["namespace"]

    async def write(self) -> None:
        """Make all of them. Raises NotThereYet."""
        for volume in self._pod["spec"].get("volumes", []):
            await self._write(volume)

    async def follow(self) -> None:
        """Bring ConfigMaps up to date for as long as the pod lives; a real kubelet does it about once a minute."""
        mounted = [volume for volume in self._pod["spec"].get("volumes", []) if "configMap" in volume]
        while mounted:
            await asyncio.sleep(REFRESH)
            for volume in mounted:
                with contextlib.suppress(NotThereYet, Refused, aiohttp.ClientError, OSError):
                    await self._write(volume)

    async def _write(self, volume: Object) -> None:
        target = self._folder / volume["name"]
        target.mkdir(parents=True, exist_ok=True)
        for name, content in (await self._contents(volume)).items():
            file = target / name
            file.parent.mkdir(parents=True, exist_ok=True)
            fresh = file.with_name(f"..{file.name}")
            fresh.write_bytes(content)
            fresh.replace(file)  # No reader sees half of it.

    async def _contents(self, volume: Object) -> dict[str, bytes]:
        if "projected" in volume:
            contents: dict[str, bytes] = {}
            for source in volume["projected"].get("sources", []):
                contents |= await self._contents(source)
            return contents
        if "serviceAccountToken" in volume:
            return await self._token(volume["serviceAccountToken"])
        if "configMap" in volume:
            return await self._data("configmaps", volume["configMap"], "name")
        if "secret" in volume:
            return await self._data("secrets", volume["secret"], "secretName")
        if "downwardAPI" in volume:
            items = volume["downwardAPI"].get("items", [])
            return {i["path"]: field_of(self._pod, i["fieldRef"]["fieldPath"]).encode() for i in items}
        if "emptyDir" in volume:
            return {}
        raise NotThereYet(f"the test kubelet has no volumes such as {volume}")

    async def _token(self, wish: Object) -> dict[str, bytes]:
        metadata, account = self._pod["metadata"], self._pod["spec"]["serviceAccountName"]
        bound = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
        spec = {"expirationSeconds": wish.get("expirationSeconds", 3600), "boundObjectRef": bound}
        if wish.get("audience"):
            spec["audiences"] = [wish["audience"]]
        path = f"/api/v1/namespaces/{self._namespace}/serviceaccounts/{account}/token"
        answer = await self._client.call("POST", path, {"spec": spec})
        return {wish["path"]: answer["status"]["token"].encode()}

    async def _data(self, kind: str, source: Object, name_field: str) -> dict[str, bytes]:
        name = source.get(name_field) or source["name"]
        data = await data_of(self._client, self._namespace, kind, name)
        if data is None:
            if source.get("optional"):
                return {}
            raise NotThereYet(f'MountVolume.SetUp failed for volume: {kind} "{name}" not found')
        if "items" not in source:
            return data
        return {item["path"]: data[item["key"]] for item in source["items"] if item["key"] in data}


async def data_of(client: Client, namespace: str, kind: str, name: str) -> dict[str, bytes] | None:
    """The data of a ConfigMap or Secret ("configmaps" | "secrets"); None if there is none of that name."""
    try:
        found = await client.find(f"/api/v1/namespaces/{namespace}/{kind}/{name}")
    except Refused as refused:
        raise NotThereYet(str(refused)) from refused
    if found is None:
        return None
    plain = (found.get("data") or {}).items()
    if kind == "secrets":
        return {key: base64.b64decode(value) for key, value in plain}
    binary = {key: base64.b64decode(value) for key, value in (found.get("binaryData") or {}).items()}
    return {key: value.encode() for key, value in plain} | binary


def field_of(pod: Object, path: str) -> str:
    """A fieldRef: metadata.name, metadata.labels['x'], status.podIP, spec.nodeName …"""
    if path.endswith("']"):
        path, _, key = path[:-2].partition("['")
        section, _, name = path.partition(".")
        return str(pod[section].get(name, {}).get(key, ""))
    section, _, name = path.partition(".")
    value = pod.get(section, {}).get(name, "")
    if isinstance(value, dict):
        return "\n".join(f'{key}="{value[key]}"' for key in sorted(value))
    return str(value)


def make_root(root: Path, mounts: Sequence[Object], volumes: Path, keep_visible: Sequence[Path]) -> None:
    """Make the folder that a container's process takes for `/`. A mount that would hide `keep_visible` is left out."""
    root.mkdir(parents=True, exist_ok=True)
    (root / HOST).mkdir(exist_ok=True)
    _link_entries(root, Path("/"))
    for mount in mounts:
        path = Path(os.path.realpath(mount["mountPath"]))
        if not any(kept.is_relative_to(path) for kept in keep_visible):
            _put(root, path, volumes / mount["name"] / mount.get("subPath", ""))


def on_host(path: Path) -> Path:
    """How a path of the real root is called inside a container."""
    return Path("/") / HOST / path.relative_to("/")


def _link_entries(target: Path, host_folder: Path) -> None:
    for entry in os.listdir(host_folder):
        if not (target / entry).is_symlink() and not (target / entry).exists():
            (target / entry).symlink_to(on_host(host_folder / entry))


def _put(root: Path, path: Path, content: Path) -> None:
    here, host = root, Path("/")
    for part in path.relative_to("/").parts[:-1]:
        here, host = here / part, host / part
        if here.is_symlink() or not here.exists():
            here.unlink(missing_ok=True)
            here.mkdir()
            if host.is_dir():
                _link_entries(here, host)
    link = here / path.name
    link.unlink(missing_ok=True)
    link.symlink_to(on_host(content))
