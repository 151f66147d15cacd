"""Our own metrics. Labels are bounded: words of ours, resources and verbs; a Release's name appears only in its phase.

Every counter that can be known beforehand starts at zero, so that a rate over it is right from the first second.
"""

from prometheus_client import Counter, Gauge, Histogram

from strategies.spec.phase import Phase
from strategies.spec.status import Outcome, Status
from strategies.spec.train_status import IN_FLIGHT, TrainPhase, TrainStatus
from strategies.world.effects import Effect

_PREFIX = "release_coordinator"
_FAST = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

TURNS = Counter(f"{_PREFIX}_turns_total", "Turns by how they ended.", ["outcome"])
TURN_SECONDS = Histogram(f"{_PREFIX}_turn_seconds", "Time of a turn, its API calls among it.", buckets=_FAST)
QUEUE_WAIT = Gauge(f"{_PREFIX}_queue_oldest_wait_seconds",
                   "How long the oldest waiting Release has waited for a worker, those apart that have not begun.")  # fmt: skip
QUEUE_DEPTH = Gauge(f"{_PREFIX}_queue_depth", "Releases that wait for a worker.")
LEADER = Gauge(f"{_PREFIX}_leader", "1 for the process that leads.")
LOST_COMMITS = Counter(f"{_PREFIX}_lost_commits_total", "Commits dropped because somebody else knew more.")
API_CALLS = Counter(f"{_PREFIX}_api_calls_total", "Calls to the Kubernetes API.", ["verb", "resource", "code"])
API_SECONDS = Histogram(
    f"{_PREFIX}_api_call_seconds", "Time of calls to the Kubernetes API, watches aside.", ["verb"], buckets=_FAST
)
EFFECTS = Counter(f"{_PREFIX}_effects_total", "Effects by kind and result.", ["effect", "result"])
RELEASES_ENDED = Counter(f"{_PREFIX}_releases_ended_total", "Trials by outcome.", ["outcome"])
PHASE = Gauge(f"{_PREFIX}_release_phase", "1 for the phase that a Release is in.", ["namespace", "release", "phase"])
WEIGHT = Gauge(f"{_PREFIX}_release_candidate_weight", "Share of the traffic that the candidate has, percent.",
               ["namespace", "release"])  # fmt: skip
TRAIN_PHASE = Gauge(f"{_PREFIX}_train_phase", "1 for the phase that a ReleaseTrain is in.", ["namespace", "train", "phase"])
TRAINS_ENDED = Counter(f"{_PREFIX}_trains_ended_total", "Runs of ReleaseTrains by the phase in which they ended.", ["phase"])
NOTIFICATIONS = Counter(f"{_PREFIX}_notifications_total", "CloudEvents to receivers: sent, failed, or dropped from a full line.",
                        ["result"])  # fmt: skip
VIEW_STALENESS = Gauge(
    f"{_PREFIX}_view_staleness_seconds", "Seconds since the API last told anything about a resource.", ["resource"]
)

for _outcome in Outcome:
    RELEASES_ENDED.labels(outcome=_outcome)
TRAIN_ENDS = (TrainPhase.COMPLETED, TrainPhase.HALTED, TrainPhase.ROLLED_BACK)
for _phase in TRAIN_ENDS:
    TRAINS_ENDED.labels(phase=_phase)
for _result in ("ok", "failed", "raised"):
    TURNS.labels(outcome=_result)
for _result in ("sent", "failed", "dropped"):
    NOTIFICATIONS.labels(result=_result)
for _effect in Effect.__subclasses__():
    for _result in ("ok", "failed"):
        EFFECTS.labels(effect=_effect.__name__, result=_result)


def show(key: tuple[str, str], status: Status) -> None:
    """Where a Release is; the candidate's share only while there is one."""
    namespace, release = key
    PHASE.labels(namespace=namespace, release=release, phase=status.phase).set(1)
    if status.trial:
        WEIGHT.labels(namespace=namespace, release=release).set(status.trial.step.weight)
    else:
        forget_weight(key)


def transition(key: tuple[str, str], old: Status, new: Status) -> None:
    """Count what a commit has changed."""
    if old.phase is not new.phase:
        forget_phase(key, old.phase)
    show(key, new)
    if new.history and new.history[-1:] != old.history[-1:]:
        RELEASES_ENDED.labels(outcome=new.history[-1].outcome).inc()


def forget_phase(key: tuple[str, str], phase: Phase) -> None:
    """A Release is no longer in this phase."""
    try:
        PHASE.remove(key[0], key[1], phase)
    except KeyError:
        return


def forget(key: tuple[str, str]) -> None:
    """A Release is gone: so are its series."""
    for phase in Phase:
        forget_phase(key, phase)
    forget_weight(key)


def forget_weight(key: tuple[str, str]) -> None:
    """There is no candidate."""
    try:
        WEIGHT.remove(*key)
    except KeyError:
        return


def show_train(key: tuple[str, str], old: TrainStatus | None, new: TrainStatus) -> None:
    """Where a train is; `old` is what a commit has changed, None where nothing was."""
    if old is not None and old.phase is not new.phase:
        _forget_train_phase(key, old.phase)
        if new.phase in TRAIN_ENDS and old.phase in IN_FLIGHT:
            TRAINS_ENDED.labels(phase=new.phase).inc()
    TRAIN_PHASE.labels(namespace=key[0], train=key[1], phase=new.phase).set(1)


def forget_train(key: tuple[str, str]) -> None:
    """A train is gone: so are its series."""
    for phase in TrainPhase:
        _forget_train_phase(key, phase)


def _forget_train_phase(key: tuple[str, str], phase: TrainPhase) -> None:
    try:
        TRAIN_PHASE.remove(*key, phase)
    except KeyError:
        return


def forget_all() -> None:
    """Another process leads: what Releases and trains do is its to tell."""
    PHASE.clear()
    WEIGHT.clear()
    TRAIN_PHASE.clear()


def effect(kind: str, *, ok: bool) -> None:
    """Count an effect."""
    EFFECTS.labels(effect=kind, result="ok" if ok else "failed").inc()


def api_call(verb: str, resource: str, code: int, seconds: float) -> None:
    """Count a call; the client's hook."""
    API_CALLS.labels(verb=verb, resource=resource, code=str(code)).inc()
    if verb != "watch":
        API_SECONDS.labels(verb=verb).observe(seconds)
