"""Find or build the control plane's programs: `python -m tests.controlplane.binaries`.

Each program is looked for in KUBEBUILDER_ASSETS, on PATH, and in our cache, and is otherwise built once with Go from the
locked modules under binaries/. A program that is too old for the product (no MutatingAdmissionPolicy v1) is passed over.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MODULES = Path(__file__).parent / "binaries"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "release-coordinator" / "controlplane"
KUBERNETES = "v1.37.1"
_VERSION_VARIABLES = ("gitVersion=" + KUBERNETES, "gitMajor=1", "gitMinor=37", "gitTreeState=clean", "gitCommit=0")


class Missing(Exception):
    """A program can be neither found nor built here; the message says what would help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program: the Go module under binaries/, the package in it, and the oldest (major, minor) that will do."""

    name: str
    module: str
    package: str
    version_arguments: tuple[str, ...] = ("--version",)
    oldest: tuple[int, int] = (0, 0)
    optional: bool = False
    """One test goes without, and says so."""


_KUBERNETES_PACKAGES = "k8s.io/kubernetes/cmd/"
PROGRAMS = (
    Program(name="etcd", module="etcd", package="go.etcd.io/etcd/server/v3", oldest=(3, 5)),
    Program(name="kubectl", module="kubernetes", package=_KUBERNETES_PACKAGES + "kubectl",
            version_arguments=("version", "--client"), oldest=(1, 32)),
    Program(name="kube-apiserver", module="kubernetes", package=_KUBERNETES_PACKAGES + "kube-apiserver", oldest=(1, 36)),
    Program(name="kube-controller-manager", module="kubernetes",
            package=_KUBERNETES_PACKAGES + "kube-controller-manager", oldest=(1, 36)),
    Program(name="helm", module="helm", package="helm.sh/helm/v4/cmd/helm", version_arguments=("version", "--short"),
            oldest=(4, 0)),
    Program(name="prometheus", module="prometheus", package="github.com/prometheus/prometheus/cmd/prometheus",
            oldest=(3, 0)),
    # Next to Prometheus, which has compiled nearly all of it.
    Program(name="promtool", module="prometheus", package="github.com/prometheus/prometheus/cmd/promtool", oldest=(3, 0)),
    # Of a version whose module has the files of its user interface; v0.33 has not, and does not build.
    Program(name="alertmanager", module="alertmanager", package="github.com/prometheus/alertmanager/cmd/alertmanager",
            oldest=(0, 22)),
    Program(name="oasdiff", module="oasdiff", package="github.com/oasdiff/oasdiff"),
    # A gateway that mirrors by the Gateway API, for one test: 2 min 20 s to build on two processors, 60 MB.
    Program(name="contour", module="contour", package="github.com/projectcontour/contour/cmd/contour",
            version_arguments=("version",), oldest=(1, 33), optional=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Files of a Go module: the one under binaries/ that locks its version, the module itself, and the folder in it."""

    name: str
    lock: str
    module: str
    inside: str


GATEWAY_API = Folder(name="Gateway API", lock="gateway-api", module="sigs.k8s.io/gateway-api", inside="config/crd/standard")
# What a large API of the real world changes from one minor version to the next: 21 MB each to fetch, of which 12 are kept.
OPENAPI_BEFORE, OPENAPI = (
    Folder(name=f"OpenAPI {lock}", lock=lock, module="k8s.io/kubernetes", inside="api/openapi-spec/v3")
    for lock in ("kubernetes-before", "kubernetes")
)


def path(name: str) -> Path:
    """Where the program is. Raises Missing, with the remedy, when nobody has provisioned it."""
    program = next(p for p in PROGRAMS if p.name == name)
    found = _find(program)
    if found is None:
        raise Missing(f"{name} is not here: run `make provision` (needs Go 1.26 or newer), or put it on PATH")
    return found


def provision() -> None:
    """Have every program: found, or built into the cache. Raises Missing where there is no Go for one that is not optional."""
    for program in PROGRAMS:
        try:
            print(f"{program.name:<26}{_find(program) or _build(program)}")
        except (Missing, subprocess.CalledProcessError) as problem:
            if not program.optional:
                raise
            print(f"{program.name:<26}NOT HERE: {problem}", file=sys.stderr)
    print(f"{GATEWAY_API.name:<26}{folder(GATEWAY_API)}")
    for each in (OPENAPI_BEFORE, OPENAPI):
        try:
            print(f"{each.name:<26}{folder(each)}")
        except Missing as problem:
            # One test goes without, and says so.
            print(f"{each.name:<26}NOT HERE: {problem}", file=sys.stderr)


def folder(wanted: Folder) -> Path:
    """The folder in our cache, fetched if it is not there. Raises Missing where it cannot be."""
    target = CACHE / f"{wanted.lock}-{_lock_of(wanted.lock)}" / Path(wanted.inside).name
    if target.exists():
        return target
    done = subprocess.run([_go(wanted.name), "mod", "download", "-json", wanted.module],
                          cwd=MODULES / wanted.lock, check=False, capture_output=True, text=True)  # fmt: skip
    if done.returncode != 0:
        said = " ".join((done.stderr or done.stdout).split())
        raise Missing(f"{wanted.name} could not be fetched; `make provision` tries again: {said[-300:]}")
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(Path(json.loads(done.stdout)["Dir"]) / wanted.inside, partial, copy_function=shutil.copyfile)
    partial.rename(target)
    return target


def _find(program: Program) -> Path | None:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    candidates = [Path(assets) / program.name if assets else None, shutil.which(program.name), _cached(program)]
    return next((Path(c) for c in candidates if c and Path(c).exists() and _new_enough(program, Path(c))), None)


@cache
def _new_enough(program: Program, executable: Path) -> bool:
    if executable == _cached(program):
        return True
    if program.oldest == (0, 0):
        return True
    try:
        done = subprocess.run([executable, *program.version_arguments], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    version = re.search(r"v?(\d+)\.(\d+)\.", done.stdout + done.stderr)
    return version is not None and (int(version[1]), int(version[2])) >= program.oldest


def _cached(program: Program) -> Path:
    return CACHE / f"{program.module}-{_lock_of(program.module)}" / program.name


def _lock_of(module: str) -> str:
    lock = b"".join((MODULES / module / f).read_bytes() for f in ("go.mod", "go.sum"))
    return hashlib.sha256(lock).hexdigest()[:12]


def _go(wanted: str) -> str:
    go = shutil.which("go")
    if go is None:
        raise Missing(f"{wanted} was not found and there is no Go to build or fetch it: install Go 1.26 or newer, or set "
                      "KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kube-controller-manager")  # fmt: skip
    return go


def _build(program: Program) -> Path:
    go = _go(program.name)
    target = _cached(program)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Clients refuse or misread an API server whose version is the v0.0.0 of an untagged build.
    variables = " ".join(f"-X k8s.io/component-base/version.{v}" for v in _VERSION_VARIABLES)
    partial = target.with_suffix(".partial")
    print(f"building {program.name}, once …", file=sys.stderr, flush=True)
    subprocess.run([go, "build", "-trimpath", "-ldflags", "-s -w " + variables, "-o", partial, program.package],
                   cwd=MODULES / program.module, check=True, env=os.environ | {"CGO_ENABLED": "0"})  # fmt: skip
    partial.rename(target)
    return target


if __name__ == "__main__":
    try:
        provision()
    except Missing as problem:
        sys.exit(str(problem))
