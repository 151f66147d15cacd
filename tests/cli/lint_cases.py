"""Texts with mistakes, and exactly what lint says about them: place, path, severity, message and remedy."""

HEAD = "apiVersion: release-coordinator.io/v1alpha1\nkind: Release\nmetadata: {name: shop, namespace: shop}\nspec:\n"
PLAN = "  rollback: {plan: Traffic goes back.}\n"
DEPLOYMENT = """---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: shop}
spec: {replicas: 4, template: {metadata: {labels: {app: shop}}}}
"""
SERVICE = """---
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: shop}
spec: {selector: {app: shop}}
"""
ROUTE = """---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop, namespace: shop}
spec: {rules: [{backendRefs: [{name: shop, port: 80}]}]}
"""


FLAGGED = "  flags:\n  - {name: new, source: {configMap: flags}, weight: 5}\n"
FLAGS = """---
apiVersion: v1
kind: ConfigMap
metadata: {name: flags, namespace: shop}
data:
  flags.json: |
    {"flags": {"new": {"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "off"}}}
"""
HOW = "How flags are written: docs/flags.md."
CALM = HEAD.replace("kind: Release", "kind: ReleasePolicy") + (
    "  freezes:\n  - {name: x, start: 2026-01-02T18:00, duration: 1h,\n"
)

TRAIN = HEAD.replace("kind: Release", "kind: ReleaseTrain") + "  members:\n"


def release(body: str) -> str:
    """A Release with a workload and a plan; `body` are more lines of its spec, indented by two. The body begins in line 6."""
    return f"{HEAD}  workloadRef: {{name: shop}}\n{body}{PLAN}"


NAMED = "  gates:\n  - name: errors\n    template: {kind: ClusterGateTemplate, name: errors, arguments: "
TEMPLATE = """---
apiVersion: release-coordinator.io/v1alpha1
kind: ClusterGateTemplate
metadata: {name: errors}
spec:
  parameters:
  - name: job
  - {name: tolerance, type: Number, sets: tolerance, default: "1.25", minimum: "1", description: How much worse.}
  ratio:
    bad: bad_total{job="$job"}
    total: all_total{job="$job"}
"""
GATE = "  gates:\n  - name: errors\n    threshold:\n      max: 1\n      query: "
CASES: dict[str, tuple[str, list[tuple[str, str, str]]]] = {
    "a misspelt field is found at its key": (release("  stratgy: {}\n"), [
        ("6:3", "spec.stratgy", "error: there is no field stratgy Did you mean strategy?")]),
    "a field in the wrong place is told where it belongs": (release("  steps: []\n"), [
        ("6:3", "spec.steps", "error: there is no field steps It belongs to spec.strategy.canary.steps.")]),
    "a value of the wrong type is found at the value": (release("  strategy: {canary: {steps: [{weight: '100'}]}}\n"), [
        ("6:40", "spec.strategy.canary.steps[0].weight",
         "error: must be a whole number, is the text '100' Write it without quotes.")]),
    "a choice in small letters is put right": (release("  strategy:\n    type: blue-green\n"), [
        ("7:11", "spec.strategy.type", "error: 'blue-green' is none of Canary, BlueGreen, Rolling, Shadow, Auto Did you mean "
         "BlueGreen?")]),
    "what is missing is told where it should be": (f"{HEAD}  workloadRef:\n    kind: Deployment\n{PLAN}", [
        ("5:3", "spec.workloadRef.name", "error: name is required Add it. Name of the workload, in the Release's namespace.")]),
    "all mistakes are told, those about several fields together among them": (
        release("  strategy:\n    canary:\n      steps:\n      - {weight: 50, duration: 5x}\n      - {weight: 20}\n"), [
            ("7:5", "spec.strategy.canary", "error: weights must rise from step to step and end with 100 "
             "Used when type is Canary, or Auto chooses it."),
            ("9:32", "spec.strategy.canary.steps[0].duration", "error: '5x' is not a duration; write for example 30s, 5m or "
                                                               "1h30m "
             "The shortest time at this weight, counted from when the traffic really has it.")]),
    "a list with only bad items is not called too short as well": (release("  strategy: {canary: {steps: [{}]}}\n"), [
        ("6:31", "spec.strategy.canary.steps[0].weight", "error: weight is required Add it. "
         "Share of the traffic that the candidate gets, in percent.")]),
    "a key that stands twice": (release("  maxInconclusive: 5m\n  maxInconclusive: 6m\n"), [
        ("7:3", "spec.maxInconclusive", "error: the key maxInconclusive stands here a second time; the first is in line 6 "
         "kubectl refuses it.")]),
    "an infinite limit": (release(GATE + "'vector(1)*scalar(up{pod=~\"$candidate_pods\"})'\n      min: -.inf\n"), [
        ("11:12", "spec.gates[0].threshold.min", "error: -.inf is no number that JSON can hold; write a finite one "
         "kubectl refuses it.")]),
    "broken YAML": (HEAD + "  workloadRef: {name: shop\n", [
        ("6:1", "", "error: no valid YAML: expected ',' or '}', but got '<stream end>'; while parsing a flow mapping "
         "Correct the YAML; the rest of this document was not read.")]),
    "a tab as indentation": (HEAD + "\tworkloadRef: {name: shop}\n", [
        ("5:1", "", "error: no valid YAML: found character '\\t' that cannot start any token; while scanning for the next token "
         "Correct the YAML; the rest of this document was not read.")]),
    "an unknown variable, within a query of several lines": (
        release(GATE + "|\n        sum(up{\n          pod=~\"$canary_pods\"})\n"), [
            ("12:11", "spec.gates[0].threshold.query", "error: $canary_pods is no variable; there are $namespace, $release, "
                                                       "$stable, "
             "$candidate, $stable_pods, $candidate_pods, $window How queries and their variables are written: docs/gates.md.")]),
    "a variable outside of quotes, within a query in quotes": (release(GATE + "'up == $candidate'\n"), [
        ("10:21", "spec.gates[0].threshold.query", "error: $candidate: it may stand only inside quotes, as the value of a label "
         "matcher How queries and their variables are written: docs/gates.md.")]),
    "PromQL that is none": (release(GATE + "sum(up\n"), [
        ("10:14", "spec.gates[0].threshold.query", "error: no valid PromQL: unclosed left parenthesis "
         "How queries and their variables are written: docs/gates.md.")]),
    "a query about every pod": (release(GATE + "sum(up)\n"), [
        ("10:14", "spec.gates[0].threshold.query", "warning: the query does not name the candidate, so it asks both revisions "
         'together Put pod=~"$candidate_pods" into its selectors.')]),
    "one selector of two about every pod": (release(GATE + "'bad{pod=~\"$candidate_pods\"} / all_of{code=\"5\"}'\n"), [
        ("10:45", "spec.gates[0].threshold.query", "warning: all_of is asked of every pod, not of one revision "
         'Put pod=~"$candidate_pods" into this selector, too.')]),
    "a window that the query does not use": (release(GATE + "'up{pod=~\"$candidate_pods\"}'\n      window: 5m\n"), [
        ("11:15", "spec.gates[0].threshold.window", "warning: has no effect: the query does not use $window "
         "Write [$window] in the query, or take window out.")]),
    "a step that is over before its gate can fail": (
        release("  strategy: {canary: {steps: [{weight: 5, duration: 10s}, {weight: 100}]}}\n"
                + GATE + "'up{pod=~\"$candidate_pods\"}'\n"), [
            ("6:53", "spec.strategy.canary.steps[0].duration", "warning: 10s is too short for gate errors: it fails by 2 "
                                                               "answers, "
             "10s apart Make it at least 20s, or the gate faster.")]),
    "a bake that is shorter than a gate's window": (
        f"{HEAD}  workloadRef: {{name: shop}}\n{GATE}'avg_over_time(up{{pod=~\"$candidate_pods\"}}[$window])'\n"
        "  rollback: {plan: Back., warm: {for: 30s}}\n", [
            ("11:39", "spec.rollback.warm.for", "warning: 30s is too short for gate errors: most of its window of 1m is "
                                                "older than the "
             "step Make it at least 1m, or the gate faster.")]),
    "a gate at a time that the strategy does not have": (
        release("  strategy: {type: Rolling}\n" + GATE.replace("    thr", "    at: [bake]\n    "
                                                                          "thr") + "'up{pod=~\"$candidate_pods\"}'\n"), [
            ("9:5", "spec.gates[0].at", "warning: the gate is never asked: a release of type Rolling has no such time "
             "Name one of step.")]),
    "a Job that calls a Service that is not there": (
        release("  gates:\n  - name: g\n    job:\n      template:\n        spec:\n          containers:\n"
                "          - {name: a, image: b, args: [$(RELEASE_SERVICE)]}\n"), [
            ("9:7", "spec.gates[0].job.template", "warning: RELEASE_SERVICE is empty: without a route no Service leads to the "
             "candidate Name a route in spec.traffic, or find the pods by RELEASE_HASH.")]),
    "a contract at a port that nobody declares": (
        release("  gates:\n  - {name: g, at: [before-traffic], contract: {}}\n") + DEPLOYMENT, [
            ("7:37", "spec.gates[0].contract", "error: no container of Deployment shop (release.yaml) declares a port to ask "
             "for the contract Write it into port.")]),
    "a counter with a function around it": (
        release("  gates:\n  - name: g\n    ratio:\n      total: all_total\n      bad: rate(bad[1m])\n"), [
        ("10:12", "spec.gates[0].ratio.bad", "error: this is no plain selector; write only the counter and its labels, as in "
         'http_requests_total{code=~"5.."}; the gate itself counts what it grew by '
         "How queries and their variables are written: docs/gates.md.")]),
    "a comparison that the step is too short for": (
        release("  strategy: {canary: {steps: [{weight: 5, duration: 1m}, {weight: 100}]}}\n"
                "  gates:\n  - name: g\n    ratio: {bad: bad_total, total: all_total}\n"), [
            ("6:53", "spec.strategy.canary.steps[0].duration", "warning: 1m is too short for gate g: it needs 3 windows of 15s, "
             "read 35s after their end Make it at least 1m35s, or the gate faster.")]),
    "a comparison in the bake alone": (
        release("  gates:\n  - name: g\n    at: [bake]\n    ratio: {bad: bad_total, total: all_total}\n"), [
            ("8:5", "spec.gates[0].at", "warning: the gate is never asked: in the bake there is nothing to compare with "
             "Set max, the largest share of bad requests, or name step.")]),
    "an early step without anything that certifies": (
        release("  strategy: {canary: {steps: [{weight: 5, early: true}, {weight: 100}]}}\n"), [
            ("6:50", "spec.strategy.canary.steps[0].early", "warning: has no effect: no gate certifies "
             "Add a gate of the form ratio or latency, or take early out.")]),
    "a section of another strategy": (release("  strategy:\n    type: Rolling\n    blueGreen: {approval: true}\n"), [
        ("8:5", "spec.strategy.blueGreen", "warning: has no effect while type is Rolling Write type: BlueGreen, or take "
                                           "blueGreen out.")]),
    "no plan": (HEAD + "  workloadRef: {name: shop}\n", [
        ("4:1", "spec.rollback.plan", "warning: there is no rollback plan Say in one sentence how this goes back.")]),
    "a plan of two sentences": (f"{HEAD}  workloadRef: {{name: shop}}\n  rollback:\n    plan: Go back. Then call us.\n", [
        ("7:11", "spec.rollback.plan", "warning: the rollback plan is more than one sentence "
         "Shorten it: a plan that is not one sentence is not ready.")]),
    "another version": (release("").replace("v1alpha1", "v1"), [
        ("1:13", "apiVersion", "error: there is no release-coordinator.io/v1 Write release-coordinator.io/v1alpha1.")]),
    "a group that is nearly ours": (release("").replace("release-coordinator.io", "release-cordinator.io"), [
        ("1:13", "apiVersion", "error: there is no release-cordinator.io/v1alpha1 Write release-coordinator.io/v1alpha1.")]),
    "an unknown kind of ours": (release("").replace("kind: Release", "kind: Relase"), [
        ("2:7", "kind", "error: there is no kind Relase in release-coordinator.io/v1alpha1 Kinds: Release, MetricSource, "
                  "GateTemplate, ClusterGateTemplate, ReleasePolicy, ReleaseTrain.")]),
    "no kind": ("spec: {}\n", [
        ("1:1", "", "error: is no Kubernetes object: apiVersion and kind is missing "
         "A Release begins with apiVersion: release-coordinator.io/v1alpha1 and kind: Release.")]),
    "a name that no label can hold": (release("").replace("{name: shop, namespace", "{name: " + "a" * 64 + ", namespace"), [
        ("3:18", "metadata.name", "error: the name has 64 characters; it becomes a label's value on the Deployment, which "
                                  "may have 63 "
         "Choose a shorter name.")]),
    "no name": (release("").replace("{name: shop, namespace: shop}", "{}"), [
        ("3:1", "metadata", "error: the name is missing Name the resource: metadata: {name: …}.")]),
    "no spec": (HEAD, [("1:1", "", "error: spec is missing Say what is wanted under spec.")]),
    "a wrong item of a List": (
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: release-coordinator.io/v1alpha1\n  kind: Release\n  metadata: "
        "{name: a}\n"
        "  spec: {workloadRef: {name: a}, stratgy: 1, rollback: {plan: Back.}}\n", [
            ("7:34", "items[0].spec.stratgy", "error: there is no field stratgy Did you mean strategy?")]),
    "JSON, with tabs": ('{\n\t"apiVersion": "release-coordinator.io/v1alpha1", "kind": "Release",\n\t"metadata": {"name": "a"},\n'
                        '\t"spec": {"workloadRef": {"name": "a"}, "gates": {},\n\t\t"rollback": {"plan": "Back."}}\n}\n', [
        ("4:41", "spec.gates", "error: must be a list, is a mapping Begin each item with a dash.")]),
    "the second document, when the first is broken": ("a: [\n---\n" + release("  x: 1\n"), [
        ("2:1", "", "error: no valid YAML: expected the node content, but found '<stream end>'; while parsing a flow node "
         "Correct the YAML; the rest of this document was not read."),
        ("8:3", "spec.x", "error: there is no field x Fields here: workloadRef, version, strategy, traffic, gates, "
                          "maxInconclusive, "
         "rollback, flags, change, progressDeadline.")]),
    "a Deployment of strategy Recreate": (release("") + DEPLOYMENT.replace("replicas: 4", "strategy: {type: Recreate}"), [
        ("5:23", "spec.workloadRef.name", "error: The Deployment's strategy is Recreate: its author wants no two versions "
                                          "side by side. "
         "If that is allowed, say spec.strategy.allowParallel: true.")]),
    "two obstacles of one Deployment": (
        release("  strategy: {type: Rolling}\n") + DEPLOYMENT.replace("replicas: 4", "strategy: {type: Recreate}, "
                                                                                     "revisionHistoryLimit: 0"), [
            ("5:23", "spec.workloadRef.name", "error: The Deployment's revisionHistoryLimit is 0, so Kubernetes would delete the "
             "revision to return to; set it to 1 or more."),
            ("5:23", "spec.workloadRef.name", "error: The Deployment's strategy is Recreate, which cannot roll; use "
                                              "RollingUpdate there, "
             "or canary or blue-green with spec.strategy.allowParallel: true.")]),
    "a route to other pods": (
        release("  traffic: {httpRoute: {name: shop}}\n") + DEPLOYMENT + SERVICE + ROUTE.replace("[{name: shop,", "[{name: "
                                                                                                                  "other,"), [
            ("6:31", "spec.traffic.httpRoute.name", "error: HTTPRoute shop has no backend that selects these pods (Services "
                                                    "that do: "
             "shop); add one, or correct spec.traffic.httpRoute.name.")]),
    "copies of requests that may change something": (
        release("  strategy: {type: Shadow}\n  traffic: {httpRoute: {name: shop}}\n") + DEPLOYMENT + SERVICE + ROUTE, [
            ("7:31", "spec.traffic.httpRoute.name", "error: HTTPRoute shop, spec.rules[0].matches[0] takes requests of every "
             "method: requests that change something would be mirrored, and change it twice. Match the methods GET, HEAD and "
             "OPTIONS only, or say spec.strategy.shadow.idempotent: true if every request may be made twice.")]),
    "copies of requests that change nothing": (
        release("  strategy: {type: Shadow}\n  traffic: {httpRoute: {name: shop}}\n") + DEPLOYMENT + SERVICE
        + ROUTE.replace("[{backend", "[{matches: [{method: GET}], backend"), []),
    "a Service that two Deployments share": (
        release("") + DEPLOYMENT + SERVICE + DEPLOYMENT.replace("{name: shop,", "{name: other,"), [
            ("4:1", "spec.traffic", "error: Service shop also has 4 endpoints of other workloads, so it cannot be pinned; "
                                    "give it a "
             "narrower selector or name it in spec.traffic.ignoreServices.")]),
    "a request in a file, and a misspelt one": (
        release("").replace("namespace: shop}", 'namespace: shop, annotations: {release-coordinator.io/abort: "true", '
                                                "release-coordinator.io/promot: step, owner: us}}"), [
            ("3:55", "metadata.annotations[release-coordinator.io/abort]", "warning: asks for abort each time that the file is "
             "applied Take it out of the file, and ask when it is wanted: releasectl abort shop"),
            ("3:93", "metadata.annotations[release-coordinator.io/promot]", "error: release-coordinator.io/promot is no request; "
             "it would be refused Did you mean release-coordinator.io/promote?")]),
    "a freeze of a zone that there is not": (
        CALM + "     timeZone: Europe/Atlantis}\n", [
            ("7:16", "spec.freezes[0].timeZone", "error: there is no time zone Europe/Atlantis How freezes are written: "
             "docs/policies.md.")]),
    "a rule that is none": (
        CALM + "     rule: FREQ=WEEKLY;BYDAY=XX}\n", [
            ("7:12", "spec.freezes[0].rule", "error: it cannot be worked out: invalid 'BYDAY': XX How freezes are written: "
             "docs/policies.md.")]),
    "a freeze that never ends": (
        CALM.replace("1h", "24h") + "     rule: FREQ=DAILY}\n", [
            ("6:50", "spec.freezes[0].duration", "error: it has no end within a year, as it begins again before it is over; make "
             "it shorter than the time between two beginnings, or let the rule end with COUNT or UNTIL How freezes are written: "
             "docs/policies.md.")]),
    "a migration that is declared cosmetic": (
        release("  change:\n    kind: Cosmetic\n    migrations: [{name: m, reversible: true, backwardCompatible: true}]\n"), [
            ("7:11", "spec.change.kind", "warning: Cosmetic with migrations: the risk is Critical, as for a DataMigration "
             "Write kind: DataMigration, or take the migrations out.")]),
    "a data migration of nothing": (release("  change: {kind: DataMigration}\n"), [
        ("6:18", "spec.change.kind", "warning: DataMigration without a migration Name what is migrated in migrations, or write "
         "another kind.")]),
    "a section that Auto may choose has an effect": (release("  strategy: {type: Auto, rolling: {batch: 50%}}\n"), []),
    "a gate that one of Auto's choices asks": (
        release("  strategy: {type: Auto, blueGreen: {previewDuration: 20s}}\n" + GATE + "'up{pod=~\"$candidate_pods\"}'\n"
                "    at: [before-traffic]\n"), []),
    "flags that are as they should be": (release(FLAGGED) + FLAGS, []),
    "flags that are not among the files": (release(FLAGGED), []),
    "a flag that does not exist": (release(FLAGGED.replace("name: new,", "name: nwe,")) + FLAGS, [
        ("7:5", "spec.flags[0]", "error: flag nwe of ConfigMap flags: there is no such flag; there are: new. " + HOW)]),
    "a variant that does not exist": (release(FLAGGED.replace("weight: 5", "onPromotion: yellow")) + FLAGS, [
        ("7:5", "spec.flags[0]", "error: flag new of ConfigMap flags: it has no variant yellow; there are: on, off. " + HOW)]),
    "a key that does not exist": (release(FLAGGED.replace("configMap: flags", "configMap: flags, key: flags.yaml")) + FLAGS, [
        ("7:5", "spec.flags[0]", "error: flag new of ConfigMap flags: ConfigMap flags has no key flags.yaml; there are: "
         "flags.json. " + HOW)]),
    "a ConfigMap that is none of flagd's": (release(FLAGGED) + FLAGS.replace('"flags":', '"flgs":'), [
        ("7:5", "spec.flags[0]", "error: flag new of ConfigMap flags: key flags.json of ConfigMap flags cannot be understood: "
         'it has no "flags" at its top, as flagd wants them. See docs/flags.md. ' + HOW)]),
    "a flag that targets some users": (release(FLAGGED) + FLAGS.replace('"off"}', '"off", "targeting": {"if": [1]}}'), [
        ("7:5", "spec.flags[0]", "error: flag new of ConfigMap flags: it has targeting, which decides before the default, so "
         "that a rollback could not be sure to switch it off; take targeting out while a release switches the flag. " + HOW)]),
    "a flag of a FeatureFlag that does not exist": (
        release(FLAGGED.replace("configMap: flags", "featureFlag: shop")) + "---\napiVersion: core.openfeature.dev/v1beta1\n"
        "kind: FeatureFlag\nmetadata: {name: shop, namespace: shop}\nspec: {flagSpec: {flags: {old: {}}}}\n", [
            ("7:5", "spec.flags[0]", "error: flag new of FeatureFlag shop: there is no such flag; there are: old. " + HOW)]),
    "a train that is no order": (TRAIN + "  - {name: a, version: '2', dependsOn: [b]}\n"
                                         "  - {name: b, version: '2', dependsOn: [c, a]}\n  - {name: c, version: '2'}\n", [
        ("6:41", "spec.members[0].dependsOn[0]", "error: there is no order in which these could go: a goes after b (its "
         "dependsOn names b); b goes after a (its dependsOn names a). They would have to go out at the same time, which no two "
         "releases do: until the last pod of both is there, old and new meet. Take one of the dependsOn out; if each needs the "
         "other's new version, split the change: first a train in which each accepts old and new (Consumer), then one in which "
         "they send the new (Producer). How trains are written: docs/trains.md.")]),
    "a member of two trains": (
        TRAIN + "  - {name: a, version: '2'}\n---\n" + TRAIN.replace("name: shop,", "name: night,")
        + "  - {name: b, version: '2'}\n  - {name: a, version: '3'}\n", [
            ("14:12", "spec.members[1].name", "error: Release a is a member of ReleaseTrain shop, too (release.yaml); each would "
             "order it Take it out of one of them.")]),
    "a request of a train in a file, and one that is for Releases": (
        TRAIN.replace("namespace: shop}", "namespace: shop, annotations: {release-coordinator.io/abort: 'true', "
                                          "release-coordinator.io/promote: step}}") + "  - {name: a, version: '2'}\n", [
            ("3:55", "metadata.annotations[release-coordinator.io/abort]", "warning: asks for abort each time that the file is "
             "applied Take it out of the file, and ask when it is wanted: kubectl annotate releasetrain shop "
             "release-coordinator.io/abort=…"),
            ("3:93", "metadata.annotations[release-coordinator.io/promote]", "error: release-coordinator.io/promote is no "
             "request; it would be refused Requests: rollback, abort, retry, pause, resume.")]),
    "a second Release for one Deployment": (
        release("") + "---\n" + release("").replace("metadata: {name: shop,", "metadata: {name: other,"), [
            ("12:23", "spec.workloadRef.name", "error: Deployment shop already belongs to Release shop (release.yaml) "
             "Delete one of the two.")]),
    "a flag that two Releases switch": (
        release(FLAGGED) + "---\n" + release(FLAGGED).replace("metadata: {name: shop,", "metadata: {name: other,").replace(
            "workloadRef: {name: shop}", "workloadRef: {name: other}") + FLAGS, [
            ("16:5", "spec.flags[0]", "warning: flag new of ConfigMap flags is switched by Release shop (release.yaml), too: "
             "whichever goes back switches it off Give each a flag of its own.")]),
    "a wrong argument of a template": (
        release(NAMED + "{job: a, tolerance: '0.5'}}\n") + TEMPLATE, [
            ("8:88", "spec.gates[0].template.arguments.tolerance", "error: 0.5 is below the minimum of 1 tolerance is of type "
             "Number, at least 1; 1.25 by default. How much worse.")]),
    "a missing argument of a template": (
        release(NAMED + "{tolerance: '2'}}\n") + TEMPLATE, [
            ("8:57", "spec.gates[0].template.arguments", "error: ClusterGateTemplate errors needs job Add it. job is of type "
             "String.")]),
    "a template that is asked when it cannot": (
        release(NAMED + "{job: a}}\n    at: [before-traffic]\n") + TEMPLATE, [
            ("8:5", "spec.gates[0].template", "error: ClusterGateTemplate errors makes no gate of this: ratio and latency "
             "compare users' requests, and before-traffic has none; take before-traffic out of at Change at or the arguments, or "
             "take another template.")]),
    "an early step by a template that is not among the files": (
        release("  strategy: {canary: {steps: [{weight: 5, duration: 5m, early: true}, {weight: 100}]}}\n" + NAMED
                + "{}}\n"), []),
    "a mistake in a template": (TEMPLATE.replace("$job", "$jab", 1).removeprefix("---\n"), [
        ("9:20", "spec.ratio.bad", "error: $jab is no variable; there are $namespace, $release, $stable, $candidate, "
         "$stable_pods, $candidate_pods, $window, $job How queries and their variables are written: docs/gates.md.")]),
    "a source that this namespace may not use": (
        release(GATE + "'up{pod=~\"$candidate_pods\"}'\n") + "---\napiVersion: release-coordinator.io/v1alpha1\nkind: "
                                                             "MetricSource\n"
        "metadata: {name: default}\nspec: {address: 'http://a', namespaces: [other]}\n", [
            ("8:5", "spec.gates[0].threshold.source", "error: MetricSource default may not be used in namespace shop "
             "Ask whoever runs it to add the namespace to its spec.namespaces.")]),
}  # fmt: skip
