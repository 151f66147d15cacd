"""The phases of a Release."""

from enum import StrEnum


class Phase(StrEnum):
    """Where a release is; the table of what leads where is in strategies.rollout.phases."""

    INITIALIZING = "Initializing"
    HEALTHY = "Healthy"
    BLOCKED = "Blocked"
    PROGRESSING = "Progressing"
    WAITING = "Waiting"
    PAUSED = "Paused"
    AWAITING_APPROVAL = "AwaitingApproval"
    BAKING = "Baking"
    COMPLETING = "Completing"
    ROLLING_BACK = "RollingBack"
    ROLLED_BACK = "RolledBack"
    INVALID = "Invalid"
    WORKLOAD_MISSING = "WorkloadMissing"
