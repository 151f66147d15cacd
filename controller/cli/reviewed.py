"""What `releasectl review` judges: a change out of manifests, of git, or of the cluster, as far as each can be seen.

What was not given, or may not be read, is unknown to the review. Reads only.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

from controller.cli.access import Access
from controller.cli.answers import Exit, Problem, may_not
from controller.cli.contracts import compare
from controller.cli.findings import Finding, Resource
from controller.cli.judging import judge
from controller.cli.lint import Source, objects_of
from controller.cli.manifests import Fault, read
from controller.cli.mirrored import why_not
from controller.cli.obstacles import selecting
from controller.kube import paths
from controller.kube.errors import Forbidden, NotFound
from controller.kube.paths import Resource as Kind
from controller.reconcile import commit
from controller.reconcile.policies import period
from controller.reconcile.turn import read_spec
from controller.workloads import template
from strategies.analysis.verdict import Unknown
from strategies.review.contracts import Period, longest
from strategies.review.subject import Subject
from strategies.rollout import mirroring
from strategies.spec.change import Contract
from strategies.spec.policy import ReleasePolicySpec
from strategies.spec.release import ReleaseSpec, StrategyType

Object = dict[str, Any]
Spec = TypeVar("Spec", ReleaseSpec, ReleasePolicySpec)
_GIT_PATIENCE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifests:
    """The objects of some files."""

    resources: tuple[Resource, ...]
    where: str

    def release(self, name: str | None) -> tuple[Resource, ReleaseSpec] | None:
        """The Release of this name, or the only one; None if there is none. Raises Problem for one that is not valid."""
        found = [each for each in self.resources if each.kind == "Release" and name in (None, each.name)]
        if len(found) > 1:
            names = ", ".join(sorted(each.name for each in found))
            raise Problem(f"{self.where} has several Releases: {names}. Name one: releasectl review NAME -f …", Exit.USAGE)
        if not found:
            return None
        return found[0], _spec(found[0], ReleaseSpec)

    def deployment(self, name: str) -> Object | None:
        """The Deployment of this name, if it is among them."""
        found = next((each for each in self.resources if each.kind == "Deployment" and each.name == name), None)
        if found is None:
            return None
        spec = found.value.get("spec")
        pods = spec.get("template") if isinstance(spec, dict) else None
        if not isinstance(pods, dict) or not template.is_one(pods):
            raise Problem(f"Deployment {name} in {found.file} has no pod template that can be read.", Exit.USAGE)
        return found.value

    def services(self, deployment: Object) -> tuple[str, ...] | None:
        """Names of the Services on its pods; None where no Service is among the files."""
        return _selecting([each.value for each in self.resources if each.kind == "Service"], deployment)

    def contract(self, contract: Contract) -> str | None:
        """The text of a contract, if its ConfigMap is among them."""
        found = next((each for each in self.resources if each.kind == "ConfigMap" and each.name == contract.config_map), None)
        return _text_of(found.value, contract) if found else None

    def period(self, namespace: str) -> Period | None:
        """For how long what is deprecated stays, by the ReleasePolicies among them. Raises Problem for one that is not valid."""
        policies = [each for each in self.resources if each.kind == "ReleasePolicy"]
        return longest([(each.name, _spec(each, ReleasePolicySpec)) for each in policies], namespace)

    def autoscaled(self, name: str) -> bool | None:
        """True where an autoscaler of the Deployment is among the files; otherwise nothing is known."""
        return any(_scales(each.value, name) for each in self.resources) or None


def _spec(resource: Resource, model: type[Spec]) -> Spec:
    spec, wrong = judge(resource)
    if not isinstance(spec, model):
        said = f"{wrong[0].path}: {wrong[0].message}" if wrong else "it is not valid"
        text = f"{resource.kind} {resource.name} in {resource.file} is not valid: {said}. See `releasectl lint`."
        raise Problem(text, Exit.USAGE)
    return spec


def from_files(sources: list[Source]) -> Manifests:
    """Read manifests. Raises Problem for what is no YAML."""
    found: list[Resource] = []
    wrong: list[Finding] = []
    for source in sources:
        for part in read(source.text):
            if isinstance(part, Fault):
                raise Problem(f"{source.file}:{part.place.line}: {part.message}. See `releasectl lint`.", Exit.USAGE)
            found += objects_of(replace(source, named=False), part, wrong)
    return Manifests(resources=tuple(found), where=", ".join(source.file for source in sources))


def of_git(sources: list[Source], revision: str) -> list[Source]:
    """The same files as they were in a revision; those that it does not have are left out. Raises Problem."""
    git = shutil.which("git")
    if git is None:
        raise Problem("--against-git needs git, which is not on the PATH. Compare with a file: --against FILE.", Exit.USAGE)
    if revision.startswith("-") or any(source.file == "<stdin>" for source in sources):
        raise Problem("--against-git takes a revision, such as HEAD~1 or main, and files of the repository.", Exit.USAGE)
    earlier = []
    for source in sources:
        path = Path(source.file).absolute()
        if _git(git, path.parent, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") is None:
            raise Problem(f"{path.parent} is in no git repository that has the revision {revision}.", Exit.USAGE)
        text = _git(git, path.parent, "show", f"{revision}:./{path.name}")
        if text is not None:
            earlier.append(Source(file=f"{revision}:{source.file}", text=text))
    if not earlier:
        raise Problem(f"None of the files is in revision {revision}: there is nothing to compare with.", Exit.USAGE)
    return earlier


def _git(git: str, folder: Path, *arguments: str) -> str | None:
    """What git prints, None when it fails."""
    try:
        done = subprocess.run(  # noqa: S603  No shell; the revision begins with no dash.
            [git, "-C", str(folder), *arguments],
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            timeout=_GIT_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Problem(f"git did not answer within {_GIT_PATIENCE:.0f} s.") from None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def offline(new: Manifests, old: Manifests, name: str | None, namespace: str | None) -> Subject:
    """The change from the one manifests to the other. `namespace` is that of a Release that names none. Raises Problem for what
    is not there.
    """
    resource, spec = _required(new.release(name) or old.release(name), new)
    before = old.release(resource.name)
    workload = spec.workload_ref.name
    after = _required(new.deployment(workload), new, f"Deployment {workload}")
    earlier = _required(old.deployment(workload), old, f"Deployment {workload}")
    services = new.services(after)
    made = _subject(resource.name, spec, after, services if services is not None else old.services(after))
    return replace(
        made,
        old=template.plain(earlier["spec"]["template"]),
        old_version=_version(earlier, before[1] if before else spec),
        autoscaled=new.autoscaled(workload),
        contracts=compare(spec.change, old.contract, new.contract, _today(),
                          new.period(resource.namespace or namespace or "default")),
    )  # fmt: skip


def against_cluster(access: Access, new: Manifests, name: str | None) -> Subject:
    """The change from what users have in the cluster to the manifests; what they leave out is the cluster's."""
    given = new.release(name)
    if given is None and name is None:
        _required(None, new)
    wanted = given[0].name if given else str(name)
    if given and given[0].namespace:
        access = replace(access, namespace=given[0].namespace)
    live = _get(access, paths.RELEASES, wanted)
    spec = given[1] if given else live_spec(_required(live, new, f"Release {wanted}"))
    made = live_subject(access, wanted, spec, live, new.deployment(spec.workload_ref.name))

    def kept(contract: Contract) -> str | Unknown | None:
        try:
            return _text_of(access.client.get(paths.CONFIG_MAPS.path(access.namespace, contract.config_map)), contract)
        except NotFound:
            return None
        except Forbidden as error:
            return Unknown(reason=error.reason, message=f"you may not {may_not(error)}")

    # What the files leave out may have been applied already: that compared with itself would prove nothing.
    return replace(made, contracts=compare(spec.change, kept, new.contract, _today(), _period(access)))


def _period(access: Access) -> Period | Unknown | None:
    """What the cluster's ReleasePolicies ask."""
    try:
        return period(access.client.list(paths.RELEASE_POLICIES.path())[0], access.namespace)
    except NotFound:
        return None  # An installation from before there were any.
    except Forbidden as error:
        said = f"you may not {may_not(error)}, so nobody knows for how long what is deprecated has to stay"
        return Unknown(reason=error.reason, message=said)


def live_spec(release: Object) -> ReleaseSpec:
    """The spec of a Release in the cluster. Raises Problem when it is not valid."""
    spec, error = read_spec(release)
    if spec is None:
        raise Problem(f"Release {release['metadata']['name']} is not valid: {error}.")
    return spec


def live_subject(access: Access, name: str, spec: ReleaseSpec, release: Object | None, after: Object | None) -> Subject:
    """The change from stable to `after`, or to the cluster's own Deployment."""
    deployment = _get(access, paths.DEPLOYMENTS, spec.workload_ref.name)
    after = after or deployment
    if after is None:
        raise Problem(f"Deployment {spec.workload_ref.name} does not exist in namespace {access.namespace}, nor in the files. "
                      "Name another namespace with -n.", Exit.UNREACHABLE)  # fmt: skip
    status = commit.read(release)[0] if release else None
    stable = status.stable if status else None
    sets = _listed(access, paths.REPLICA_SETS) if stable else None
    kept = next((s for s in sets or () if stable and s["metadata"]["name"] == stable.replica_set), None) if stable else deployment
    services = _listed(access, paths.SERVICES)
    scalers = _listed(access, paths.HORIZONTAL_POD_AUTOSCALERS)
    made = _subject(name, spec, after, None if services is None else _selecting(services, after) or ())
    replicas = (after["spec"].get("replicas") or (deployment or after)["spec"].get("replicas")) or 1
    return replace(
        made,
        old=template.plain(kept["spec"]["template"]) if kept else None,
        old_version=stable.version if stable else _version(kept, spec) if kept else None,
        replicas=replicas if isinstance(replicas, int) and replicas > 0 else 1,
        autoscaled=None if scalers is None else any(_scales(each, spec.workload_ref.name) for each in scalers),
        unmirrored=why_not(access, spec, made.services) if spec.strategy.type is StrategyType.AUTO else made.unmirrored,
        history=status.history if status else (),
    )


def _subject(name: str, spec: ReleaseSpec, after: Object, services: tuple[str, ...] | None) -> Subject:
    strategy, replicas = after["spec"].get("strategy"), after["spec"].get("replicas", 1)
    return Subject(
        name=name,
        spec=spec,
        old=None,
        new=template.plain(after["spec"]["template"]),
        old_version=None,
        new_version=_version(after, spec),
        replicas=replicas if isinstance(replicas, int) and replicas > 0 else 1,
        recreate=isinstance(strategy, dict) and strategy.get("type") == "Recreate",
        services=services,
        autoscaled=None,
        history=None,
        unmirrored=mirroring.problem(spec, None),
    )


def _version(deployment: Object, spec: ReleaseSpec) -> str | None:
    return template.view(deployment["spec"]["template"], spec.version.from_label, spec.version.literal).version


def _text_of(config_map: Object, contract: Contract) -> str | None:
    data = config_map.get("data")
    text = data.get(contract.key) if isinstance(data, dict) else None
    return text if isinstance(text, str) else None


def _today() -> date:
    return datetime.now(UTC).date()


def _required(found: Any, manifests: Manifests, what: str = "Release") -> Any:
    if found is None:
        raise Problem(f"There is no {what} in {manifests.where}. Name the file that has it, too.", Exit.USAGE)
    return found


def _selecting(services: list[Object], deployment: Object) -> tuple[str, ...] | None:
    try:
        return tuple(sorted(s["metadata"]["name"] for s in selecting(services, deployment))) if services else None
    except (AttributeError, KeyError, TypeError):
        return None  # One of them is no Service that could be read.


def _scales(found: Object, name: str) -> bool:
    target = (found.get("spec") or {}).get("scaleTargetRef") or {}
    return isinstance(target, dict) and (target.get("kind"), target.get("name")) == ("Deployment", name)


def _seen(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except (Forbidden, NotFound):
        return None


def _get(access: Access, kind: Kind, name: str) -> Object | None:
    return _seen(lambda: access.client.get(kind.path(access.namespace, name)))  # type: ignore[no-any-return]


def _listed(access: Access, kind: Kind) -> list[Object] | None:
    return _seen(lambda: access.client.list(kind.path(access.namespace))[0])  # type: ignore[no-any-return]
