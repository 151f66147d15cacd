"""Bad manifests, each with one mistake: what lint, the API server and the controller must agree about."""

from dataclasses import dataclass, field
from typing import Any

from strategies.spec.change import HARMS_STABLE, LATER, MIGRATION_NAMES, NOT_UNDOABLE, NOTHING_CLEANED
from strategies.spec.flag import ONE_SOURCE, TWO_VARIANTS
from strategies.spec.gate import BEFORE_USERS, EDGES_ABOVE_0, NO_USERS, ONE_FORM, OWN_EDGES
from strategies.spec.gate_template import ONE_FORM as ONE_FORM_OF_TEMPLATES
from strategies.spec.gate_template import RESERVED
from strategies.spec.policy import ASKS_NOTHING, FREEZE_NAMES, LENGTH, LIMITS_NOTHING, NEVER_DONE, REQUIREMENT_NAMES
from strategies.spec.release import ALL_AT_ONCE, NO_SHARES, NOTHING_TO_MIRROR, ONE_ROUTE, UNKNOWN_METHODS
from strategies.spec.rollback import NO_REHEARSAL
from strategies.spec.train import ITSELF, MEMBER_NAMES, PATIENCE, REMOVES_BLINDLY, UNKNOWN_MEMBER

Manifest = dict[str, Any]
_NEEDED: dict[str, Manifest] = {
    "Release": {"workloadRef": {"name": "shop"}},
    "MetricSource": {"address": "http://prometheus:9090"},
}
TEMPLATE_KINDS = ("GateTemplate", "ClusterGateTemplate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mistake. `rule` is the message of the CEL rule that it breaks, if it is one; `kind` is the resource's."""

    spec: Manifest
    kind: str = "Release"
    rule: str = ""
    metadata: Manifest = field(default_factory=dict)

    def manifest(self) -> Manifest:
        """The whole resource."""
        needed: Manifest = dict(_NEEDED.get(self.kind, {}))
        return {"apiVersion": "release-coordinator.io/v1alpha1", "kind": self.kind, "metadata": {"name": "shop", **self.metadata},
                "spec": needed | self.spec}  # fmt: skip


def source(rule: str = "", **spec: Any) -> Mistake:
    """A wrong MetricSource."""
    return Mistake(kind="MetricSource", spec=spec, rule=rule)


FREEZE = {"name": "weekend", "start": "2026-01-02T18:00", "duration": "62h"}


REQUIREMENT = {"name": "plan", "risk": "High", "done": ["RollbackPlan"]}


def policy(rule: str = "", **spec: Any) -> Mistake:
    """A wrong ReleasePolicy."""
    return Mistake(kind="ReleasePolicy", spec=spec, rule=rule)


def train(rule: str = "", *members: Any, **more: Any) -> Mistake:
    """A ReleaseTrain of these members, at version 2 unless they say another."""
    return Mistake(kind="ReleaseTrain", spec={"members": [{"version": "2", **each} for each in members], **more}, rule=rule)


def steps(*given: Any) -> Manifest:
    """A canary."""
    return {"strategy": {"canary": {"steps": list(given)}}}


def threshold(name: str = "g", **changes: Any) -> Manifest:
    """A gate that is right but for the changes; None takes a field out."""
    right = {"query": "vector(1)", "max": 1, **changes}
    return {"name": name, "threshold": {key: value for key, value in right.items() if value is not None}}


def ratio(at: tuple[str, ...] = ("step",), **changes: Any) -> Manifest:
    """A ratio gate that is right but for the changes."""
    return {"name": "g", "at": list(at), "ratio": {"bad": "bad_total", "total": "all_total", **changes}}


def from_template(**arguments: Any) -> Manifest:
    """A gate of a template."""
    return {"name": "g", "template": {"kind": "ClusterGateTemplate", "name": "x", "arguments": arguments}}


def _form(gate: Manifest) -> Manifest:
    return {form: value for form, value in gate.items() if form in ("ratio", "latency")}


def latency(**changes: Any) -> Manifest:
    """A latency gate that is right but for the changes."""
    return {"name": "g", "latency": {"histogram": "seconds_bucket", "threshold": 0.3, **changes}}


MIGRATION = {"name": "m", "reversible": True, "backwardCompatible": True}


def flag(**changes: Any) -> Manifest:
    """One flag that is right but for the changes."""
    return {"flags": [{"name": "new-checkout", "source": {"configMap": "flags"}, **changes}]}


def shadow(*, percent: int = 100, idempotent: bool = True, duration: str = "5m", **traffic: Any) -> Manifest:
    """A shadow release with these routes."""
    settings = {"percent": percent, "idempotent": idempotent, "duration": duration}
    return {"strategy": {"type": "Shadow", "shadow": settings}, "traffic": traffic}


def job(template: Any = None, **changes: Any) -> Manifest:
    """A gate that a Job answers, right but for the changes."""
    right = {"spec": {"containers": [{"name": "smoke", "image": "smoke:1"}]}}
    return {"name": "g", "job": {"template": right if template is None else template, **changes}}


def webhook(**changes: Any) -> Manifest:
    """A gate that a web server answers, right but for the changes."""
    return {"name": "g", "webhook": {"url": "https://qa.example.com/gate?of=shop", **changes}}


ACCEPTED = {"finding": "1f0c9b2e", "by": "ann", "because": "unused", "until": "2027-01-31"}


def contract(at: tuple[str, ...] = ("before-traffic",), **changes: Any) -> Manifest:
    """A gate that compares contracts, right but for the changes."""
    return {"name": "g", "at": list(at), "contract": {**changes}}


def migrating(rule: str = "", **changes: Any) -> "Mistake":
    """One migration with a Job, right but for the changes."""
    whole = {**MIGRATION, "job": job()["job"], **changes}
    only = {key: value for key, value in whole.items() if value is not None}
    return Mistake(spec={"change": {"kind": "DataMigration", "migrations": [only]}}, rule=rule)


def template(*parameters: Manifest, **form: Manifest) -> Manifest:
    """A template with these parameters; a threshold unless it is another form."""
    return {"parameters": list(parameters), **(form or {"threshold": {"query": 'x{a="$job"}', "max": 1}})}


_JOB = {"name": "job"}
_WRONG_TEMPLATES: dict[str, tuple[str, Manifest]] = {
    "two forms": (ONE_FORM_OF_TEMPLATES, template(ratio=ratio()["ratio"], latency=latency()["latency"])),
    "a parameter twice": ("each parameter needs a name of its own", template(_JOB, _JOB)),
    "a reserved name": (RESERVED, template(_JOB, {"name": "window"})),
    "an Enum of nothing": ("an Enum needs values, and no other type takes them", template({**_JOB, "type": "Enum"})),
    "bounds of a text": ("minimum and maximum are for Number, Integer and Duration", template({**_JOB, "minimum": "1"})),
    "a default that is no value": ("default must be one of values",
                                   template({**_JOB, "type": "Enum", "values": ["a", "b"], "default": "c"})),
    "a field of another type": ("the field that sets names takes values of another type",
                                template(_JOB, {"name": "a", "type": "Boolean", "sets": "max"})),
    "a threshold without limits": ("set min, max or both, or the gate could never fail", template(threshold={"query": "x"})),
    "a threshold's limits exchanged": ("min must not be above max; exchange them",
                                       template(threshold={"query": "x", "min": 2, "max": 1})),
    "a threshold's short interval": ("interval must be at least 1s",
                                     template(threshold={"query": "x", "max": 1, "interval": "1ms"})),
    "a threshold's short window": ("window must be at least 1s", template(threshold={"query": "x", "max": 1, "window": "1ms"})),
    "a long interval": ("interval must be between 1s and 10m", template(**_form(ratio(interval="11m")))),
    "no delay": ("delay must be between 1s and 10m", template(**_form(ratio(delay="0s")))),
    "a large share": ("max is a share of the requests, above 0 and below 1", template(**_form(ratio(max=1.5)))),
    "two labels": ("choose one of podLabel and hashLabel", template(**_form(ratio(podLabel="a", hashLabel="b")))),
    "a threshold of 0": ("threshold must be above 0", template(**_form(latency(threshold=0)))),
    "an edge of 0": (EDGES_ABOVE_0, template(**_form(latency(edges=[0.1, 0])))),
    "an edge twice": (OWN_EDGES, template(**_form(latency(edges=[0.1, 0.1])))),
}  # fmt: skip
"""By case: the rule, and a template that breaks it."""

REFUSED_AT_APPLY: dict[str, Mistake] = {
    **{
        f"{kind}: {case}": Mistake(kind=kind, spec=spec, rule=rule)
        for kind in TEMPLATE_KINDS
        for case, (rule, spec) in _WRONG_TEMPLATES.items()
    },
    "a number as an argument": Mistake(spec={"gates": [from_template(job=5)]}),
    "a template without a name": Mistake(spec={"gates": [{"name": "g", "template": {}}]}),
    "a template of another kind": Mistake(spec={"gates": [{"name": "g", "template": {"kind": "Template", "name": "x"}}]}),
    "an unknown field": Mistake(spec={"startegy": {}}),
    "an unknown field with nothing in it": Mistake(spec={"startegy": None}),
    "an unknown field deep down": Mistake(spec=steps({"weight": 100, "wait": "5m"})),
    "a field in snake case": Mistake(spec={"workload_ref": {"name": "shop"}}),
    "no workload": Mistake(spec={"workloadRef": None}),
    "a workload without a name": Mistake(spec={"workloadRef": {}}),
    "another kind of workload": Mistake(spec={"workloadRef": {"kind": "StatefulSet", "name": "x"}}),
    "a name that is none": Mistake(spec={"workloadRef": {"name": "Shop_1"}}),
    "a number as text": Mistake(spec=steps({"weight": "5"}, {"weight": 100})),
    "a share as a number": Mistake(spec={"strategy": {"type": "Rolling", "rolling": {"batch": 2}}}),
    "a fraction of a percent": Mistake(spec=steps({"weight": 0.5}, {"weight": 100})),
    "yes as text": Mistake(spec=steps({"weight": 100, "approval": "yes"})),
    "a weight of 0": Mistake(spec=steps({"weight": 0}, {"weight": 100})),
    "a weight above 100": Mistake(spec=steps({"weight": 120})),
    "no steps": Mistake(spec=steps()),
    "too many steps": Mistake(spec=steps(*({"weight": weight} for weight in range(80, 101)))),
    "steps as a mapping": Mistake(spec={"strategy": {"canary": {"steps": {"weight": 100}}}}),
    "an empty item": Mistake(spec=steps(None, {"weight": 100})),
    "a strategy as text": Mistake(spec={"strategy": "Canary"}),
    "a strategy in small letters": Mistake(spec={"strategy": {"type": "canary"}}),
    "a duration in words": Mistake(spec={"progressDeadline": "ten minutes"}),
    "a duration with a fraction": Mistake(spec={"progressDeadline": "1.5m"}),
    "a duration as a number": Mistake(spec={"progressDeadline": 600}),
    "an empty plan": Mistake(spec={"rollback": {"plan": ""}}),
    "a long plan": Mistake(spec={"rollback": {"plan": "x" * 501}}),
    "a gate without a query": Mistake(spec={"gates": [threshold(query=None)]}),
    "a gate at a time that is none": Mistake(spec={"gates": [{**threshold(), "at": ["steps"]}]}),
    "a gate that is never asked": Mistake(spec={"gates": [{**threshold(), "at": []}]}),
    "failures of 0": Mistake(spec={"gates": [threshold(failures=0)]}),
    "a gate without a question": Mistake(spec={"gates": [{"name": "g"}]}, rule=ONE_FORM),
    "a gate with two questions": Mistake(spec={"gates": [threshold() | ratio()]}, rule=ONE_FORM),
    "a comparison before there are users": Mistake(spec={"gates": [ratio(at=("before-traffic", "step"))]}, rule=NO_USERS),
    "a comparison where all switches at once": Mistake(
        spec={"strategy": {"type": "BlueGreen"}, "gates": [ratio(at=("bake",))]}, rule=ALL_AT_ONCE
    ),
    "a comparison where Auto may switch all at once": Mistake(
        spec={"strategy": {"type": "Auto"}, "gates": [ratio(at=("step",))]}, rule=ALL_AT_ONCE
    ),
    "a rehearsal of all users at once": Mistake(spec={"strategy": {"type": "BlueGreen"}, "rollback": {"rehearse": True}},
                                                rule=NO_REHEARSAL),
    "a shadow without a route": Mistake(spec={"strategy": {"type": "Shadow"}}, rule=NOTHING_TO_MIRROR),
    "a shadow of nothing": Mistake(spec=shadow(percent=0, httpRoute={"name": "shop"})),
    "two routes": Mistake(spec=shadow(httpRoute={"name": "shop"}, traefikService={"name": "shop"}), rule=ONE_ROUTE),
    "a canary by what gives no shares": Mistake(spec={"traffic": {"traefikService": {"name": "shop"}}}, rule=NO_SHARES),
    "copies of requests whose methods are not known": Mistake(
        spec=shadow(traefikService={"name": "shop"}, idempotent=False), rule=UNKNOWN_METHODS
    ),
    "a contract of another language": Mistake(spec={"change": {"kind": "Core", "contracts": [{"type": "x", "configMap": "a"}]}}),
    "a contract under a key that is none": Mistake(
        spec={"change": {"kind": "Core", "contracts": [{"configMap": "a", "key": "a/b"}]}}
    ),
    "a freeze that never ends": policy(freezes=[{**FREEZE, "duration": "1489h"}], rule=LENGTH),
    "a freeze of no length": policy(freezes=[{**FREEZE, "duration": "59s"}], rule=LENGTH),
    "two freezes of one name": policy(freezes=[FREEZE, FREEZE], rule=FREEZE_NAMES),
    "two requirements of one name": policy(requirements=[REQUIREMENT, REQUIREMENT], rule=REQUIREMENT_NAMES),
    "a requirement that asks nothing": policy(requirements=[{"name": "x", "risk": "High"}], rule=ASKS_NOTHING),
    "a requirement that nothing meets": policy(requirements=[{"name": "x", "done": ["Gates"]}], rule=NEVER_DONE),
    "a requirement of an item that there is not": policy(requirements=[{**REQUIREMENT, "done": ["Rollback"]}]),
    "a concurrency without a number": policy(concurrency={}, rule=LIMITS_NOTHING),
    "a concurrency of none": policy(concurrency={"total": 0}),
    "a deprecation of no length": policy(deprecationDays=0),
    "a freeze without a beginning": policy(freezes=[{"name": "x", "duration": "1h"}]),
    "a freeze every second": policy(freezes=[{**FREEZE, "rule": "FREQ=SECONDLY"}]),
    "a freeze that begins with its zone": policy(freezes=[{**FREEZE, "start": "2026-01-02T18:00Z"}]),
    "a change without a kind": Mistake(spec={"change": {"summary": "x"}}),
    "a flag without a source": Mistake(spec={"flags": [{"name": "a", "source": {}}]}, rule=ONE_SOURCE),
    "a flag of two sources": Mistake(spec=flag(source={"configMap": "flags", "featureFlag": "shop"}), rule=ONE_SOURCE),
    "a flag that switches nothing": Mistake(spec=flag(onRollback="on"), rule=TWO_VARIANTS),
    "two flags of one name": Mistake(spec={"flags": flag()["flags"] * 2}, rule="each flag needs a name of its own"),
    "a flag of no share": Mistake(spec=flag(weight=0)),
    "a variant that is no text": Mistake(spec=flag(onPromotion=True)),
    "a migration that says nothing": Mistake(spec={"change": {"kind": "DataMigration", "migrations": [{"name": "m"}]}}),
    "two migrations of one name": Mistake(
        spec={"change": {"kind": "DataMigration", "migrations": [MIGRATION, MIGRATION]}}, rule=MIGRATION_NAMES
    ),
    "windows too short": Mistake(spec={"gates": [ratio(interval="500ms")]}, rule="interval must be between 1s and 10m"),
    "windows that are read too late": Mistake(spec={"gates": [latency(delay="11m")]}, rule="delay must be between 1s and 10m"),
    "a share above 1": Mistake(spec={"gates": [ratio(max=1.5)]}, rule="max is a share of the requests, above 0 and below 1"),
    "two labels for the pods": Mistake(
        spec={"gates": [latency(podLabel="pod", hashLabel="hash")]}, rule="choose one of podLabel and hashLabel"
    ),
    "a threshold of 0": Mistake(spec={"gates": [latency(threshold=0)]}, rule="threshold must be above 0"),
    "an edge twice": Mistake(spec={"gates": [latency(edges=[0.1, 0.1])]}, rule=OWN_EDGES),
    "the threshold as a further edge": Mistake(spec={"gates": [latency(edges=[0.1, 0.3])]}, rule=OWN_EDGES),
    "an edge of 0": Mistake(spec={"gates": [latency(edges=[0])]}, rule=EDGES_ABOVE_0),
    "more edges than are kept": Mistake(spec={"gates": [latency(edges=list(range(1, 13)))]}),
    "a tolerance below 1": Mistake(spec={"gates": [ratio(tolerance=0.9)]}),
    "no counter of all requests": Mistake(spec={"gates": [ratio(total=None)]}),
    "a label that is none": Mistake(spec={"gates": [ratio(podLabel="a-b")]}),
    "two gates of one name": Mistake(spec={"gates": [threshold(), threshold()]}, rule="each gate needs a name of its own"),
    "steps that never end": Mistake(
        spec=steps({"weight": 5}, {"weight": 25}),
        rule="steps must end with weight: 100, or the release would never finish; add a last step of weight 100",
    ),
    "weights that fall": Mistake(
        spec=steps({"weight": 50}, {"weight": 20}, {"weight": 100}),
        rule="weights must rise from step to step; put the steps in rising order, each weight once",
    ),
    "a weight twice": Mistake(
        spec=steps({"weight": 50}, {"weight": 50}, {"weight": 100}),
        rule="weights must rise from step to step; put the steps in rising order, each weight once",
    ),
    "a train without members": train(),
    "a member twice": train(MEMBER_NAMES, {"name": "a"}, {"name": "a", "version": "3"}),
    "a member that depends on itself": train(ITSELF, {"name": "a", "dependsOn": ["a"]}),
    "a member that depends on none of the train": train(UNKNOWN_MEMBER, {"name": "a", "dependsOn": ["b"]}),
    "a removal without a producer": train(REMOVES_BLINDLY, {"name": "a", "role": "Removal"}),
    "a verification that never passes": train(PATIENCE, {"name": "a"}, verify={"duration": "10m"}),
    "a role that is none": train("", {"name": "a", "role": "Sender"}),
    "a gate without limits": Mistake(
        spec={"gates": [threshold(max=None)]}, rule="set min, max or both, or the gate could never fail"
    ),
    "min above max": Mistake(spec={"gates": [threshold(min=2)]}, rule="min must not be above max; exchange them"),
    "a short interval": Mistake(spec={"gates": [threshold(interval="500ms")]}, rule="interval must be at least 1s"),
    "a short window": Mistake(spec={"gates": [threshold(window="999ms")]}, rule="window must be at least 1s"),
    "no address": Mistake(kind="MetricSource", spec={"address": None}),
    "an address with a query": source(address="http://prometheus:9090/?a=b"),
    "an address of another kind": source(address="ftp://prometheus"),
    "a pattern that is none": source(namespaces=["te*am"]),
    "a token from another folder": source(authentication={"bearerFile": "/etc/passwd"}),
    "a value that is no text": source(labels={"cluster": 1}),
    "a name that no label has": source(
        rule="labels are named by letters, digits and _, and do not begin with a digit", labels={"a-b": "c"}
    ),
    "a name that no label can hold": Mistake(
        rule="metadata.name may have 63 characters, because it becomes a label's value on the Deployment; choose a shorter name",
        spec={},
        metadata={"name": "a" * 64},
    ),
    "two ways to read the version": Mistake(
        rule="choose one of fromLabel and literal", spec={"version": {"fromLabel": "a", "literal": "1"}}
    ),
    "a timeout above a minute": source(rule="timeout must be between 1s and 1m", timeout="2m"),
    "a Job of two days": Mistake(spec={"gates": [job(timeout="48h")]}, rule="timeout must be between 1s and 24h"),
    "a webhook that is waited for too long": Mistake(
        spec={"gates": [webhook(timeout="2m")]}, rule="timeout must be between 1s and 1m"
    ),
    "a webhook that is asked all the time": Mistake(
        spec={"gates": [webhook(interval="0s")]}, rule="interval must be between 1s and 1h"
    ),
    "a webhook with a user in its address": Mistake(spec={"gates": [webhook(url="https://qa@evil.example.com/")]}),
    "a contract at a step": Mistake(spec={"gates": [contract(at=("before-traffic", "step"))]}, rule=BEFORE_USERS),
    "a contract at no time of its own": Mistake(spec={"gates": [{"name": "g", "contract": {}}]}, rule=BEFORE_USERS),
    "a contract that is waited for too long": Mistake(
        spec={"gates": [contract(timeout="2m")]}, rule="timeout must be between 1s and 1m"
    ),
    "a contract at another host": Mistake(spec={"gates": [contract(path="http://evil.example.com/")]}),
    "a contract at no port": Mistake(spec={"gates": [contract(port=0)]}),
    "a migration that would break stable": migrating(rule=HARMS_STABLE, backwardCompatible=False),
    "an undo of what cannot be undone": migrating(rule=NOT_UNDOABLE, reversible=False, undo=job()["job"]),
    "an undo of what is carried out elsewhere": migrating(rule=NOT_UNDOABLE, job=None, undo=job()["job"]),
    "a clean-up that is carried out elsewhere": migrating(rule=NOTHING_CLEANED, job=None, cleansUp="x"),
    "a clean-up in the same release": migrating(rule=LATER, cleansUp="m"),
    "a migration of two days": migrating(rule="timeout must be between 1s and 24h", job={**job()["job"], "timeout": "48h"}),
    "a Job without a template": Mistake(spec={"gates": [{"name": "g", "job": {}}]}),
    "two ways to log in": source(
        rule="choose one of bearer, bearerFile and basic",
        authentication={"bearer": {"name": "a", "key": "b"}, "bearerFile": "/var/run/secrets/token"},
    ),
}
"""What the API server refuses: by the schema, by CEL, or as an unknown field."""

REFUSED_BY_THE_CONTROLLER: dict[str, Mistake] = {
    "bad PromQL": Mistake(spec={"gates": [threshold(query="sum(rate(x[1m])")]}),
    "an unknown variable": Mistake(spec={"gates": [threshold(query='up{pod=~"$canary_pods"}')]}),
    "a variable in a wrong place": Mistake(spec={"gates": [threshold(query='up{pod="x-$candidate_pods"}')]}),
    "a range": Mistake(spec={"gates": [threshold(query="up[5m]")]}),
    "a rate instead of its counter": Mistake(spec={"gates": [ratio(bad="rate(bad_total[1m])")]}),
    "a counter of one side": Mistake(spec={"gates": [ratio(bad='bad_total{pod=~"$candidate_pods"}')]}),
    "a histogram's sum": Mistake(spec={"gates": [latency(histogram="seconds_sum")]}),
    "a Job without a container": Mistake(spec={"gates": [job({"spec": {}})]}),
    "a Job that never ends": Mistake(
        spec={"gates": [job({"spec": {"containers": [{"name": "a", "image": "b"}], "restartPolicy": "Always"}})]}
    ),
    "a template's query with a misspelt parameter": Mistake(
        kind="GateTemplate", spec=template(_JOB, threshold={"query": 'x{a="$jab",b="$job"}', "max": 1})
    ),
    "a template's rate": Mistake(kind="ClusterGateTemplate", spec=template(**_form(ratio(bad="rate(bad_total[1m])")))),
    "a parameter that is used nowhere": Mistake(kind="GateTemplate", spec=template(_JOB, {"name": "other"})),
    "a default that is no number": Mistake(
        kind="GateTemplate", spec=template(_JOB, {"name": "a", "type": "Number", "sets": "max", "default": "b"})
    ),
    "one bucket": Mistake(spec={"gates": [latency(histogram='seconds_bucket{le="0.3"}')]}),
}
"""What only the controller sees: phase Invalid."""

ACCEPTED: dict[str, Mistake] = {
    "nothing but the workload": Mistake(spec={}),
    "a policy of nothing": policy(),
    "a train": train("", {"name": "a"}, verify={"duration": "5m"}),
    "a train with everything": train(
        "", {"name": "a", "role": "Consumer"}, {"name": "b", "role": "Producer", "dependsOn": ["a"]},
        {"name": "c", "role": "Removal"}, onFailure="RollBackMember", verify={"duration": "1s", "deadline": "1h"},
    ),
    "a requirement by red flags alone": policy(requirements=[{"name": "x", "redFlags": ["NoFlag"]}]),
    "a freeze that comes again": policy(freezes=[{**FREEZE, "rule": "FREQ=WEEKLY;BYDAY=FR", "timeZone": "Europe/Berlin"}]),
    "a flag in a ConfigMap": Mistake(spec=flag()),
    "a flag of OpenFeature's, at a step": Mistake(
        spec=flag(source={"featureFlag": "shop"}, weight=25, onPromotion="new", onRollback="old")
    ),
    "empty fields": Mistake(spec={"strategy": None, "gates": None, "rollback": {"plan": None, "warm": None}}),
    "a whole number with a point": Mistake(spec=steps({"weight": 5.0}, {"weight": 100})),
    "steps that rise": Mistake(spec=steps({"weight": 1, "duration": "1h30m"}, {"weight": 100, "approval": True})),
    "a gate with both limits": Mistake(spec={"gates": [threshold(min=0.5, max=2, interval="1s", window="1s")]}),
    "a comparison": Mistake(spec={"gates": [ratio(bad='bad_total{namespace="$namespace"}', tolerance=1, max=0.5)]}),
    "a comparison of latencies": Mistake(spec={"gates": [latency(hashLabel="pod_template_hash", checkShare=False)]}),
    "all at once with a limit": Mistake(spec={"strategy": {"type": "BlueGreen"}, "gates": [latency(max=0.01)]}),
    "a shadow": Mistake(spec=shadow(percent=20, httpRoute={"name": "shop"}, idempotent=False)),
    "a shadow by Traefik": Mistake(spec=shadow(traefikService={"name": "shop"}, duration="1h")),
    "a switch by Traefik": Mistake(spec={"strategy": {"type": "BlueGreen"}, "traffic": {"traefikService": {"name": "shop"}}}),
    "a Job": Mistake(spec={"gates": [job(timeout="24h", onTimeout="Fail", retries=10)]}),
    "a gate of a template": Mistake(spec={"gates": [from_template(job="a", tolerance="1.5")]}),
    **{f"a {kind}": Mistake(kind=kind, spec=template(
        _JOB, {"name": "limit", "type": "Number", "sets": "max", "default": "0.5", "minimum": "0", "maximum": "1"},
        {"name": "kind", "type": "Enum", "values": ["a", "b"], "sets": "source", "description": "Where to ask."},
    )) for kind in TEMPLATE_KINDS},
    "a migration with everything": migrating(cleansUp="x", undo=job(timeout="24h", retries=10)["job"]),
    "a webhook": Mistake(spec={"gates": [webhook(timeout="1m", interval="1h")]}),
    "a contract": Mistake(spec={"gates": [contract()]}),
    "a contract with everything": Mistake(spec={"gates": [contract(path="/api?v=3", port=1, timeout="1m", accepted=[ACCEPTED])]}),
    "equal limits": Mistake(spec={"gates": [threshold(min=1)]}),
    "a source with everything": source(
        namespaces=["shop", "team-*", "*"], labels={"cluster": "a", "namespace": "$namespace"}, timeout="1m",
        authentication={"basic": {"username": {"name": "a", "key": "b"}, "password": {"name": "a", "key": "c"}}},
        tls={"authorities": {"name": "a", "key": "ca.crt"}},
    ),
}  # fmt: skip
