"""Shadow releases behind Traefik and Contour: copies of real requests first, and no user ever sees what the shadow answers."""

import re
import time
import urllib.request
from collections.abc import Callable

from tests.controlplane.contour import ContourGateway
from tests.controlplane.mirroring import GROUP, VERSION, MirroringProxy, routed
from tests.controlplane.traffic import Traffic
from tests.real.releases.analysis import gate
from tests.real.releases.flags import config_map
from tests.real.releases.shop import Manifest, Shop
from tests.real.releases.watching import Watch

MakeShop = Callable[..., Shop]
SHADOW = {"type": "Shadow", "shadow": {"duration": "5s", "idempotent": True}}
TRAFFIC = {"drain": "3s", "traefikService": {"name": "checkout"}}
ERRORS = gate("errors", at=("step",))


def served(shop: Shop, proxy: MirroringProxy) -> Manifest:
    """Route users to the shop; the TraefikService's spec once they are answered."""
    shop.apply(*routed(shop.name, shop.namespace, shop.host))

    def answered() -> bool:
        with Traffic(proxy.address, host=shop.host, rate=20, seconds=0.1) as one:
            one.wait()
        return not one.problems

    shop.wait_for(answered, what="Traefik sends to the pods")
    return spec(shop)


def spec(shop: Shop) -> Manifest:
    """Of the TraefikService, as it is."""
    found: Manifest = shop.get("traefikservices.traefik.io")["spec"]
    return found


def mirrored(shop: Shop, copies: int) -> None:
    """Wait until the candidate's pods have answered so many copies."""

    def counted() -> bool:
        if not (shop.status().get("trial") or {}).get("step", {}).get("mirror"):
            return False  # Its pods may not answer yet.
        pods = [p for p in shop.pods().values() if p["spec"]["containers"][0]["image"] != "shop:1"]
        return sum(map(_answered, pods)) >= copies

    shop.wait_for(counted, what=f"{copies} copies")


def _answered(pod: Manifest) -> int:
    with urllib.request.urlopen(f"http://{pod['status']['podIP']}:8080/metrics", timeout=5) as answer:
        text = answer.read().decode()
    return sum(int(each) for each in re.findall(r'^http_requests_total\{.*\} (\d+)$', text, re.MULTILINE))


def mains_and_mirrors(watch: Watch) -> list[tuple[float, str, int]]:
    """When the TraefikService had which main Service, and how many mirrors."""
    forms = [(at, found["spec"]["mirroring"]) for at, found in watch.seen]
    return [(at, form["name"], len(form.get("mirrors") or [])) for at, form in forms]


def test_users_meet_a_good_shadow_at_the_switch_and_not_before(shop: MakeShop, proxy: MirroringProxy) -> None:
    """It answers copies of requests while all users are on stable; its flag goes on with the switch, and nobody is lost."""
    checkout = shop()
    owned = served(checkout, proxy)
    checkout.apply(config_map(checkout))
    flag = {"name": "new-checkout", "source": {"configMap": "flags"}}
    checkout.release(strategy=SHADOW, traffic=TRAFFIC, gates=[ERRORS], flags=[flag])
    forms = Watch(checkout.plane.client(), f"/apis/{GROUP}/{VERSION}/namespaces/{checkout.namespace}/traefikservices")
    with Traffic(proxy.address, host=checkout.host, rate=60, seconds=60) as users:
        checkout.ship("2")
        mirrored(checkout, 60)
        assert checkout.images() == {"shop:1": 4, "shop:2": 4}
        assert set(users.by_version()) == {"1"}
        assert '"defaultVariant": "off"' in checkout.get("configmap", "flags")["data"]["flags.json"]
        checkout.wait_for_outcome("Completed")
        now = time.time()
        checkout.wait_for(lambda: sum(a.at > now for a in users.answers) > 20, what="later requests")
    forms.stop()
    assert not users.problems
    seen = mains_and_mirrors(forms)
    assert [form[1:] for form in seen] == [("checkout", 0), ("checkout", 1), ("checkout-candidate", 0), ("checkout", 0)]
    switched = seen[2][0]
    answers = sorted(users.answers, key=lambda a: a.at)
    assert {a.version for a in answers if a.at + a.latency < switched} == {"1"}
    assert {a.version for a in answers[-20:]} == {"2"}
    assert '"defaultVariant": "on"' in checkout.get("configmap", "flags")["data"]["flags.json"]
    assert spec(checkout) == owned
    entries = checkout.get("traefikservices.traefik.io")["metadata"]["managedFields"]
    assert "release-coordinator" not in {each["manager"] for each in entries}
    assert checkout.left_behind() == []


def test_a_bad_shadow_is_rejected_and_no_user_has_seen_an_error(shop: MakeShop, proxy: MirroringProxy) -> None:
    """Half of its answers are errors, and slow: the gate sees them in copies, and the mirror goes before its pods do."""
    checkout = shop()
    owned, stable = served(checkout, proxy), set(checkout.uids())
    checkout.release(strategy=SHADOW | {"shadow": {"duration": "60s", "idempotent": True}}, traffic=TRAFFIC, gates=[ERRORS])
    forms = Watch(checkout.plane.client(), f"/apis/{GROUP}/{VERSION}/namespaces/{checkout.namespace}/traefikservices")
    sets = checkout.watch("replicasets")
    with Traffic(proxy.address, host=checkout.host, rate=60, seconds=60) as users:
        checkout.ship("2-errors50-slow200")
        mirrored(checkout, 30)
        assert "gate errors" in checkout.wait_for_outcome("Rejected")["message"]
    forms.stop()
    assert not users.problems
    assert set(users.by_version()) == {"1"}
    seen = mains_and_mirrors(forms)
    assert [form[1:] for form in seen] == [("checkout", 0), ("checkout", 1), ("checkout", 0)]
    shrunk = [at for at, found in sets.seen if "-" in found["metadata"]["labels"]["pod-template-hash"]
              and not found["spec"]["replicas"] and at > seen[1][0]]  # fmt: skip
    assert shrunk and seen[2][0] < min(shrunk)
    assert set(checkout.uids()) == stable
    assert spec(checkout) == owned
    assert checkout.left_behind(held=True) == []


def shares_and_mirrors(watch: Watch) -> list[tuple[float, int, int]]:
    """When the HTTPRoute gave the candidate which share, in percent, and how many mirrors it had; repetitions are left out."""
    found: list[tuple[float, int, int]] = []
    for at, route in watch.seen:
        (rule,) = route["spec"]["rules"]
        weights = {ref["name"]: ref.get("weight", 1) for ref in rule["backendRefs"]}
        form = 100 * weights.get("checkout-candidate", 0) // sum(weights.values()), len(rule.get("filters") or [])
        if not found or found[-1][1:] != form:
            found.append((at, *form))
    return found


def test_a_filter_of_the_gateway_api_sends_copies_of_which_no_answer_comes_back(shop: MakeShop, contour: ContourGateway) -> None:
    """By Contour, once its class says that it can: a bad shadow is rejected, users meet a good one at its switch."""
    checkout = shop(gateway=contour)
    owned = checkout.get("httproute")["spec"]
    checkout.release(strategy=SHADOW, gates=[ERRORS])
    forms = checkout.watch("httproutes")
    with checkout.traffic(rate=60, seconds=90) as users:
        checkout.ship("2-errors50-slow200")
        assert "list it there if this one can" in checkout.wait_for_phase("Blocked")["message"]
        contour.list_features()
        mirrored(checkout, 30)
        assert "gate errors" in checkout.wait_for_outcome("Rejected")["message"]
        assert checkout.get("httproute")["spec"] == owned
        checkout.ship("3")
        mirrored(checkout, 60)
        assert set(users.by_version()) == {"1"}
        checkout.wait_for_outcome("Completed")
        now = time.time()
        checkout.wait_for(lambda: sum(a.at > now for a in users.answers) > 20, what="later requests")
    forms.stop()
    seen = shares_and_mirrors(forms)
    assert [form[1:] for form in seen] == [(0, 0), (0, 1), (0, 0), (0, 1), (100, 0), (0, 0)]
    answers = sorted(users.answers, key=lambda a: a.at)
    # Envoy follows sooner than a watch can tell of the switch.
    met = next(a for a in answers if a.version == "3")
    assert {(a.version, a.status) for a in answers if a.at < met.at} == {("1", 200)}
    assert {(a.version, a.status) for a in answers if a.at > met.at + met.latency} == {("3", 200)}
    assert not users.problems, contour.failed(checkout.host)
    assert checkout.get("httproute")["spec"] == owned
    assert checkout.left_behind() == []
