"""Elections against a lease server that can hang, forget and lie."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from controller.kube.elector import Elector, Terms, unique_identity
from controller.kube.paths import LEASES
from tests.kube.serving import Exchange, Object, Server, serve, status
from tests.kube.test_reflector import eventually

TERMS = Terms(duration=1, renew=0.1, give_up=0.6, look=0.1)
PATH = LEASES.path("system", "rc")


class LeaseServer:
    """One Lease with the server's own check of versions; `hanging` makes every call go unanswered."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lease: Object | None = None
        self.version = 0
        self.hanging = False
        self.holders: list[str] = []  # In the order of their taking it.

    def __call__(self, exchange: Exchange) -> None:
        """Answer one call."""
        if self.hanging:
            exchange.hang()
            return
        with self.lock:
            code, body = {"GET": self._get, "POST": self._create, "PATCH": self._patch}[exchange.request.method](
                exchange.request.body
            )
        exchange.json(code, body)

    def spec(self) -> Object:
        """The lease's spec."""
        assert self.lease is not None
        return dict(self.lease["spec"])

    def _get(self, _: Object) -> tuple[int, Object]:
        return (200, self.lease) if self.lease else (404, status(404, "NotFound"))

    def _create(self, body: Object) -> tuple[int, Object]:
        return (409, status(409, "AlreadyExists")) if self.lease else (201, self._keep(body["spec"]))

    def _patch(self, body: Object) -> tuple[int, Object]:
        if self.lease is None:
            return 404, status(404, "NotFound")
        if body["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            return 409, status(409, "Conflict")
        return 200, self._keep({**self.lease["spec"], **body["spec"]})

    def _keep(self, spec: Object) -> Object:
        self.version += 1
        if not self.holders or self.holders[-1] != spec["holderIdentity"]:
            self.holders.append(spec["holderIdentity"])
        self.lease = {"metadata": {"resourceVersion": str(self.version)}, "spec": spec}
        return self.lease


def standing(server: Server, identity: str, told: list[str] | None = None) -> Elector:
    """An elector at work, that tells of its terms as `+name` and `-name`."""
    told = told if told is not None else []
    elector = Elector(
        server.client(),
        "system",
        "rc",
        identity=identity,
        on_started=lambda: told.append(f"+{identity}"),
        on_stopped=lambda: told.append(f"-{identity}"),
    )
    elector.terms = TERMS
    elector.start()
    return elector


@contextmanager
def electing(*identities: str) -> Iterator[tuple[LeaseServer, list[Elector], list[str]]]:
    """Electors on one lease; the first of them leads when the block begins."""
    leases, told = LeaseServer(), list[str]()
    with serve(leases) as server:
        electors: list[Elector] = []
        try:
            for identity in identities:
                electors.append(standing(server, identity, told))
                eventually(electors[0].is_leader)
            yield leases, electors, told
        finally:
            leases.hanging = True
            for elector in electors:
                elector.stop(0.0)


def test_a_free_lease_is_taken_and_kept() -> None:
    """One leader, one term, however often it renews; the record says who and for how long."""
    with electing("a") as (leases, (a,), told):
        eventually(lambda: leases.version > 5)
        eventually(lambda: told == ["+a"])
        assert (a.is_leader(), a.term, a.holder, a.alive) == (True, 1, "a", True)
        spec = leases.spec()
        assert (spec["holderIdentity"], spec["leaseDurationSeconds"], spec["leaseTransitions"]) == ("a", 1, 0)


def test_renewing_costs_one_call_each_time() -> None:
    """The leader does not read what it wrote itself: the lease is all the traffic there is at rest."""
    leases = LeaseServer()
    with serve(leases) as server:
        a = standing(server, "a")
        eventually(lambda: leases.version > 5)
        assert [each.method for each in server.requests][:6] == ["GET", "POST", "PATCH", "PATCH", "PATCH", "PATCH"]
        a.stop()


def test_a_second_one_waits_and_takes_over_at_once_after_a_release() -> None:
    """A rolling update of the controller costs no lease duration; transitions are counted."""
    with electing("a", "b") as (leases, (a, b), told):
        time.sleep(0.3)
        assert not b.is_leader()
        assert b.holder == "a"
        released = time.monotonic()
        a.stop()
        eventually(b.is_leader)
        assert time.monotonic() - released < 0.9, "the standby waited for the lease to run out"
        eventually(lambda: told == ["+a", "-a", "+b"])
        assert leases.holders == ["a", "", "b"]
        assert (leases.spec()["leaseTransitions"], b.transitions) == (1, 1)


def test_the_release_comes_after_the_work_was_told_to_stop() -> None:
    """Otherwise the next one would start while this one still works."""
    leases, holder_at_stop, told = LeaseServer(), list[str](), threading.Event()
    with serve(leases) as server:
        a = Elector(
            server.client(),
            "system",
            "rc",
            identity="a",
            on_started=told.set,  # Work that was never told to begin is not told to stop.
            on_stopped=lambda: holder_at_stop.append(leases.spec()["holderIdentity"]),
        )
        a.terms = TERMS
        a.start()
        assert told.wait(10)
        a.stop()
        assert set(holder_at_stop) == {"a"}  # More than once where this machine was too busy to renew in time.
        assert leases.spec()["holderIdentity"] == ""
        assert not a.is_leader()


def test_a_hanging_api_ends_leadership_before_anybody_else_can_have_it() -> None:
    """The library's worker still led after three lease durations; here the fence falls and the callback comes."""
    with electing("a") as (leases, (a,), told):
        eventually(lambda: told == ["+a"])
        leases.hanging = True
        renewed = time.monotonic()  # No renewal was sent after this.
        eventually(lambda: not a.is_leader())
        eventually(lambda: told == ["+a", "-a"])
        assert time.monotonic() - renewed < TERMS.duration
        assert a.alive
        leases.hanging = False
        eventually(a.is_leader)
        eventually(lambda: told == ["+a", "-a", "+a"])
        assert a.term == 2


def test_a_renewing_thread_that_hangs_or_dies_does_not_hold_the_fence_up() -> None:
    """The fence is a clock's answer, and the announcing thread does not wait for the renewing one."""
    with electing("a") as (_, (a,), told):

        def hang() -> float:
            released.wait(3.0)
            return 0.0

        released = threading.Event()
        a._turn = hang  # type: ignore[method-assign]
        started = time.monotonic()
        eventually(lambda: not a.is_leader())
        assert time.monotonic() - started < TERMS.duration
        eventually(lambda: told == ["+a", "-a"])
        released.set()


def test_a_short_failure_of_the_api_costs_no_leadership() -> None:
    """Renewals that fail for less than the time to give up change nothing."""
    with electing("a") as (leases, (a,), told):
        leases.hanging = True
        time.sleep(0.1)
        leases.hanging = False
        version = leases.version
        eventually(lambda: leases.version > version + 2)
        assert (a.term, told) == (1, ["+a"])


def test_a_dead_leader_is_replaced_when_its_lease_has_run_out() -> None:
    """Not before the duration has passed since its last renewal was seen, and soon after."""
    with electing("a", "b") as (leases, (a, b), _):
        eventually(lambda: b.holder == "a")
        a._stopping.set()  # Dead without a word: nothing is released.
        a._renewing.join(2.0)
        died = time.monotonic()
        eventually(b.is_leader)
        assert 0.7 < time.monotonic() - died < 2.5
        assert leases.holders == ["a", "b"]


def test_two_never_lead_at_once_through_hangs_and_releases() -> None:
    """The fences of both are watched while the server hangs again and again."""
    with electing("a", "b") as (leases, (a, b), told):
        both: list[float] = []
        done = threading.Event()

        def watch() -> None:
            while not done.is_set():
                if a.is_leader() and b.is_leader():
                    both.append(time.monotonic())
                time.sleep(0.0005)

        watching = threading.Thread(target=watch)
        watching.start()
        for _ in range(2):
            leases.hanging = True
            eventually(lambda: not a.is_leader() and not b.is_leader())
            leases.hanging = False
            eventually(lambda: a.is_leader() or b.is_leader())
        (a if a.is_leader() else b).stop()
        eventually(lambda: a.is_leader() or b.is_leader())
        done.set()
        watching.join()
        assert both == []
        assert len(leases.holders) >= 2
        assert told


def test_a_lease_taken_from_us_ends_leadership_at_the_next_renewal() -> None:
    """Whoever holds the lease now leads; the conflict is not waited out."""
    with electing("a") as (leases, (a,), told):
        with leases.lock:
            leases._keep({**leases.spec(), "holderIdentity": "admin", "leaseDurationSeconds": 60})
        eventually(lambda: told == ["+a", "-a"], 0.5)
        assert a.holder == "admin"
        time.sleep(0.2)
        assert leases.spec()["holderIdentity"] == "admin"


def test_a_deleted_lease_is_made_again_in_a_new_term() -> None:
    """While there was none anybody could have had it."""
    with electing("a") as (leases, (a,), _):
        with leases.lock:
            leases.lease = None
        eventually(lambda: a.term == 2 and a.is_leader())
        assert leases.spec()["holderIdentity"] == "a"


def test_a_slow_or_failing_callback_does_not_delay_renewals() -> None:
    """What the leader does with its term is not the election's problem."""
    leases, hold = LeaseServer(), threading.Event()

    def slow() -> None:
        hold.wait(3.0)
        raise RuntimeError("a bug")

    with serve(leases) as server:
        a = Elector(server.client(), "system", "rc", identity="a", on_started=slow)
        a.terms = TERMS
        a.start()
        eventually(lambda: leases.version > 8)
        assert a.is_leader()
        hold.set()
        a.stop()
        assert leases.spec()["holderIdentity"] == ""


def test_stop_before_start_and_twice_is_harmless() -> None:
    """Shutting down must work from any state."""
    with serve(LeaseServer()) as server:
        elector = Elector(server.client(), "system", "rc")
        elector.stop()
        another = standing(server, "a")
        another.stop()
        another.stop()
        assert not another.is_leader()


@pytest.mark.parametrize(("renew", "give_up", "duration"), [(2.0, 7.0, 7), (7.0, 7.0, 10), (0.0, 7.0, 10), (2.0, 12.0, 10)])
def test_terms_under_which_two_could_lead_are_refused(renew: float, give_up: float, duration: int) -> None:
    """Giving up comes strictly before others may take the lease."""
    with pytest.raises(ValueError, match="renew < give_up < duration"):
        Terms(renew=renew, give_up=give_up, duration=duration)


def test_identities_are_never_those_of_an_earlier_process() -> None:
    """A restarted pod of the same name waits for the lease of its former self like anybody else."""
    assert unique_identity() != unique_identity()
