"""Flags on a real API server, evaluated in a pod by OpenFeature's own evaluator: on with their share, off before the traffic."""

import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import yaml

from tests.controlplane.gateway import Gateway
from tests.real.releases.flags import config_map, feature_flag
from tests.real.releases.shop import GROUP, Manifest, Shop

MakeShop = Callable[..., Shop]


def evaluator(shop: Shop) -> Manifest:
    """A pod that mounts the ConfigMap and asks for the flag all the time."""
    program = str(Path(__file__).with_name("evaluating.py"))
    container = {
        "name": "app", "image": "busybox", "command": [sys.executable, program, "/etc/flags/flags.json", "new-checkout"],
        "env": [{"name": "FLAGD_OFFLINE_POLL_MS", "value": "100"}],
        "volumeMounts": [{"name": "flags", "mountPath": "/etc/flags"}],
    }  # fmt: skip
    spec = {"containers": [container], "volumes": [{"name": "flags", "configMap": {"name": "flags"}}],
            "terminationGracePeriodSeconds": 1}  # fmt: skip
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "evaluator", "namespace": shop.namespace}, "spec": spec}


def evaluated(shop: Shop) -> list[tuple[float, str]]:
    """When the application saw which variant."""
    said = shop.kubectl("logs", "evaluator", user="admin", check=False).stdout
    lines = [line.split() for line in said.splitlines() if line[:1].isdigit()]
    return [(float(at), variant) for at, variant, _ in lines]


def sees(shop: Shop, variant: str) -> Callable[[], bool]:
    """Whether the application sees this variant now."""
    return lambda: [v for _, v in evaluated(shop)][-1:] == [variant]


def default(found: Manifest) -> str:
    """The flag's default."""
    return str(json.loads(found["data"]["flags.json"])["flags"]["new-checkout"]["defaultVariant"])


def candidates_share(route: Manifest) -> int:
    """In percent."""
    refs = [ref for rule in route["spec"]["rules"] for ref in rule["backendRefs"]]
    return sum(ref.get("weight", 1) for ref in refs if ref["name"].endswith("-candidate"))


def test_a_flag_goes_on_with_its_share_and_off_before_the_traffic_moves(
    shop: MakeShop, gateway: Gateway, measured: Callable[[str, float], None]
) -> None:
    """In the application's eyes, too; nothing of ours is left on the ConfigMap, and its owner applies it without force."""
    checkout = shop(pods=2, gateway=gateway)

    def apply_as_owner() -> None:
        owned = yaml.safe_dump(config_map(checkout))
        checkout.plane.kubectl("apply", "--server-side", "--field-manager=helm", "-f", "-", input=owned)

    apply_as_owner()
    checkout.apply(evaluator(checkout))
    checkout.wait_for(sees(checkout, "off"), what="the application evaluates")
    steps = [{"weight": 25, "duration": "30s"}, {"weight": 100}]
    checkout.release(
        strategy={"type": "Canary", "canary": {"steps": steps}},
        flags=[{"name": "new-checkout", "source": {"configMap": "flags"}, "weight": 25}],
    )
    maps, routes, releases = checkout.watch("configmaps"), checkout.watch("httproutes"), checkout.watch("releases")
    checkout.ship("2")
    checkout.wait_for_trial_weight(25)
    assert default(checkout.get("configmap", "flags")) == "on"
    assert candidates_share(checkout.get("httproute")) == 25
    checkout.wait_for(sees(checkout, "on"), what="the application sees it on")
    asked = checkout.ask("abort")
    checkout.wait_for_outcome("Aborted")
    checkout.wait_for(sees(checkout, "off"), what="the application sees it off")
    off, map_ = next((at, found) for at, found in maps.of("flags") if at > asked - 1 and default(found) == "off")
    lowered = next(found for at, found in routes.of(checkout.name) if at > asked and candidates_share(found) < 25)
    assert int(map_["metadata"]["resourceVersion"]) < int(lowered["metadata"]["resourceVersion"])
    back = next(found for _, found in releases.of(checkout.name) if (found.get("status") or {}).get("phase") == "RollingBack")
    decided = datetime.fromisoformat(back["status"]["since"]).timestamp()
    measured("flag: decision to go back → object written", off - decided)
    measured("flag: annotation → object written", off - asked)
    measured("flag: annotation → evaluated off in a pod that mounts it (test kubelet: 1 s)", evaluated(checkout)[-1][0] - asked)
    entries = checkout.get("configmap", "flags")["metadata"].get("managedFields") or []
    assert "release-coordinator" not in {entry["manager"] for entry in entries}
    apply_as_owner()
    for reason in ("FlagOn", "FlagOff"):
        checkout.wait_for_event(reason)
    assert checkout.left_behind(held=True) == []


def test_a_config_map_that_the_chart_does_not_name_is_not_touched(shop: MakeShop) -> None:
    """No right to it: the release is blocked, and says which value is missing."""
    checkout = shop(pods=1)
    checkout.apply(config_map(checkout, "other"))
    before = checkout.get("configmap", "other")["metadata"]["resourceVersion"]
    checkout.release(flags=[{"name": "new-checkout", "source": {"configMap": "other"}}])
    checkout.ship("2")
    said = checkout.wait_for_message("flags.configMaps={other}")
    assert "spec.flags[0]" in said
    assert checkout.status()["phase"] == "Blocked"
    assert checkout.get("configmap", "other")["metadata"]["resourceVersion"] == before


def test_a_feature_flag_stays_on_after_completion_and_is_written_again_where_somebody_undoes_it(
    shop: MakeShop, feature_flags: None
) -> None:
    """OpenFeature's own resource; the other writer is told of, and a rollback after completion begins with off."""
    checkout = shop(pods=1)
    made = feature_flag(checkout)
    checkout.apply(made)

    def now() -> str:
        spec = checkout.get("featureflags.core.openfeature.dev", "shop")["spec"]
        return str(spec["flagSpec"]["flags"]["new-checkout"]["defaultVariant"])

    checkout.release(
        strategy={"type": "BlueGreen"}, rollback={"warm": {"for": "6s"}},
        flags=[{"name": "new-checkout", "source": {"featureFlag": "shop"}}],
    )  # fmt: skip
    checkout.ship("2")
    checkout.wait_for_phase("Baking")
    checkout.ask("pause", user="admin")  # However long it takes to write here, the release is in flight.
    checkout.wait_for_phase("Paused")
    checkout.wait_for(lambda: now() == "on", what="the flag is on")
    checkout.apply(made)
    checkout.wait_for_event("FlagUndone")
    checkout.wait_for(lambda: now() == "on", what="the flag is on again")
    checkout.ask("resume", user="admin")
    checkout.wait_for_outcome("Completed")
    assert now() == "on"
    # alice, who may not update FeatureFlags, may not make us do it.
    refused = checkout.kubectl("annotate", "release", checkout.name, f"{GROUP}/rollback=previous", check=False)
    assert "it acts on featureflags.core.openfeature.dev" in refused.stderr
    checkout.ask("rollback", "previous", user="admin")
    checkout.wait_for(lambda: now() == "off", what="the flag is off")
    checkout.wait_for_outcome("Completed")
    assert now() == "off"
