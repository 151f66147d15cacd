"""The reasons of a phase and of a condition: one word for programs, one sentence for people.

A reason is added here together with its sentence; messages that carry details come from where the decision is made.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a Release is where it is."""

    NEW = "New"
    AT_REST = "AtRest"
    NATIVE_ROLLOUT = "NativeRollout"
    HOLD_NOT_ACTIVE = "HoldNotActive"
    PAUSED_BY_USER = "PausedByUser"
    WORKLOAD_NOT_FOUND = "WorkloadNotFound"
    WORKLOAD_TAKEN = "WorkloadTaken"
    WORKLOAD_RECREATED = "WorkloadRecreated"
    SPEC_INVALID = "SpecInvalid"
    NOT_OBSERVED = "NotObserved"
    RECREATE_STRATEGY = "RecreateStrategy"
    NO_HISTORY = "NoHistory"
    SERVICE_SHARED = "ServiceShared"
    ROUTE_UNUSABLE = "RouteUnusable"
    GATE_UNUSABLE = "GateUnusable"
    FLAG_UNUSABLE = "FlagUnusable"
    MIGRATION_UNUSABLE = "MigrationUnusable"
    REQUIREMENT_UNMET = "RequirementUnmet"
    FROZEN = "Frozen"
    QUEUED = "Queued"
    POLICY_OVERRIDDEN = "PolicyOverridden"
    IN_TRAIN = "InTrain"
    TRAIN_GONE = "TrainGone"
    STABLE_LOST = "StableLost"
    TEMPLATE_CHANGED_BY_WEBHOOK = "TemplateChangedByWebhook"
    SCALED_TO_ZERO = "ScaledToZero"
    STARTED = "Started"
    STEP = "Step"
    STEPS_CHANGED = "StepsChanged"
    GATES_INCONCLUSIVE = "GatesInconclusive"
    INCONCLUSIVE_TOO_LONG = "InconclusiveTooLong"
    APPROVAL_NEEDED = "ApprovalNeeded"
    PAUSE_REQUESTED = "PauseRequested"
    BAKING = "Baking"
    BAKE_PASSED = "BakePassed"
    GATE_FAILED = "GateFailed"
    MIGRATION_FAILED = "MigrationFailed"
    ALERT_FIRED = "AlertFired"
    PODS_FAILED = "PodsFailed"
    DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
    REHEARSAL_FAILED = "RehearsalFailed"
    ABORT_REQUESTED = "AbortRequested"
    ROLLBACK_REQUESTED = "RollbackRequested"
    SUPERSEDED = "Superseded"
    REVERTED = "Reverted"
    POLICY_MISSING = "PolicyMissing"
    RELEASE_DELETED = "ReleaseDeleted"
    REJECTED = "Rejected"
    RESTORING = "Restoring"
    BREAK_GLASS = "BreakGlass"
    RECORD_LOST = "RecordLost"


SENTENCES = {
    Reason.NEW: "The Release is new.",
    Reason.AT_REST: "Users have the stable revision; nothing is to be done.",
    Reason.NATIVE_ROLLOUT: "Kubernetes itself is still rolling out the Deployment.",
    Reason.HOLD_NOT_ACTIVE: "The admission policy that holds changes does not work for this Deployment yet.",
    Reason.PAUSED_BY_USER: "The Deployment is paused by somebody else.",
    Reason.WORKLOAD_NOT_FOUND: "The Deployment does not exist.",
    Reason.WORKLOAD_TAKEN: "Another Release has this Deployment.",
    Reason.WORKLOAD_RECREATED: "The Deployment was deleted and made anew.",
    Reason.SPEC_INVALID: "The spec cannot be carried out.",
    Reason.NOT_OBSERVED: "Something that must be seen first could not be read.",
    Reason.RECREATE_STRATEGY: "The Deployment must not run two versions side by side.",
    Reason.NO_HISTORY: "The Deployment keeps no history.",
    Reason.SERVICE_SHARED: "A Service selects other workloads' pods too.",
    Reason.ROUTE_UNUSABLE: "The route cannot split this traffic.",
    Reason.GATE_UNUSABLE: "A gate cannot be asked.",
    Reason.FLAG_UNUSABLE: "A flag cannot be switched.",
    Reason.MIGRATION_UNUSABLE: "A migration cannot be run.",
    Reason.REQUIREMENT_UNMET: "A policy asks more of this release than its review has found.",
    Reason.FROZEN: "Releases are frozen; the change goes out when the freeze is over.",
    Reason.QUEUED: "As many releases as a policy allows are on their way; this one goes out when it is its turn.",
    Reason.POLICY_OVERRIDDEN: "A person has overridden the policies that kept the change waiting.",
    Reason.IN_TRAIN: "The Release is a member of a train, which has not let it go.",
    Reason.TRAIN_GONE: "The train that the change waited for is gone; its deletion starts nothing.",
    Reason.STABLE_LOST: "The ReplicaSet of the stable revision is gone.",
    Reason.TEMPLATE_CHANGED_BY_WEBHOOK: "A webhook changed the candidate's template.",
    Reason.SCALED_TO_ZERO: "The Deployment is scaled to 0; the change goes out when there are replicas again.",
    Reason.STARTED: "A new template is going out.",
    Reason.STEP: "The candidate is at its next step.",
    Reason.STEPS_CHANGED: "The spec's steps were changed in mid-release.",
    Reason.GATES_INCONCLUSIVE: "A gate cannot tell yet.",
    Reason.INCONCLUSIVE_TOO_LONG: "Gates could not tell for longer than maxInconclusive.",
    Reason.APPROVAL_NEEDED: "This step waits for a person.",
    Reason.PAUSE_REQUESTED: "A person has paused the release.",
    Reason.BAKING: "The candidate has all traffic; the former revision is warm.",
    Reason.BAKE_PASSED: "The bake has passed; the candidate is stable now.",
    Reason.GATE_FAILED: "A gate has failed.",
    Reason.MIGRATION_FAILED: "A migration has failed.",
    Reason.ALERT_FIRED: "An alert that the Release names has fired.",
    Reason.PODS_FAILED: "The candidate's pods do not run.",
    Reason.DEADLINE_EXCEEDED: "The candidate's pods did not become ready in time.",
    Reason.REHEARSAL_FAILED: "The traffic of a rehearsal did not come back in time.",
    Reason.ABORT_REQUESTED: "A person has aborted the release.",
    Reason.ROLLBACK_REQUESTED: "A person has asked for a rollback.",
    Reason.SUPERSEDED: "A newer template has arrived.",
    Reason.REVERTED: "The template is stable's again.",
    Reason.POLICY_MISSING: "The admission policies are missing; without them nothing may be on trial.",
    Reason.RELEASE_DELETED: "The Release is being deleted, or the coordinator uninstalled.",
    Reason.REJECTED: "The revision was rejected; it stays held until the template changes or `retry` is asked.",
    Reason.RESTORING: "An earlier revision's template is being written back.",
    Reason.BREAK_GLASS: "Somebody has taken the Deployment out of the Release's hands.",
    Reason.RECORD_LOST: "The status no longer names a revision that is on trial; it is taken back.",
}
