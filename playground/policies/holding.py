"""What hold, hold-guard and hold-notice ask of a write on a Deployment; shared, so that the words mean the same in all."""

from playground.policies.write import DRIVEN, HELD, RELEASE, Write, spec


def changed(write: Write) -> bool:
    """The template is another one."""
    return write.changes("template")


def paused(write: Write) -> bool:
    """The new Deployment is paused."""
    return bool(spec(write.object).get("paused"))


def labelled(write: Write) -> bool:
    """A Release names it: already, or by this request of the controller's."""
    return RELEASE in write.old_labels or (write.ours and RELEASE in write.labels)


def held(write: Write) -> bool:
    """A template of it is held."""
    return HELD in write.old_labels


def driven(write: Write) -> bool:
    """The controller scales its ReplicaSets."""
    return DRIVEN in write.old_labels


def lets_go(write: Write) -> bool:
    """Break-glass: a member of the group takes the label off."""
    return write.breaks_glass and RELEASE in write.old_labels and RELEASE not in write.labels


def hands_back(write: Write) -> bool:
    """A member of the group puts the label on again."""
    return write.breaks_glass and RELEASE not in write.old_labels and RELEASE in write.labels


def subject(write: Write) -> str:
    """The Deployment, as messages name it."""
    return f"Deployment {write.namespace}/{write.name}"
