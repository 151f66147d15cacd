"""What a policy's requirement finds wanting in a review. What cannot be known is not done; what the
release itself will see to is.
"""

from strategies.review.risk import at_least
from strategies.spec.policy import Requirement
from strategies.spec.review import Review, State

_ENOUGH = (State.DONE, State.PENDING, State.NOT_APPLICABLE)


def unmet(requirement: Requirement, review: Review) -> tuple[str, ...]:
    """What is missing, each with what was seen; nothing where the risk is too low for the requirement."""
    if not at_least(review.risk, requirement.risk):
        return ()
    items = (f"{item.name} is {item.state} ({item.evidence})" for item in review.checklist
             if item.name in requirement.done and item.state not in _ENOUGH)  # fmt: skip
    flags = (f"red flag {flag.name} ({flag.message})" for flag in review.red_flags if flag.name in requirement.red_flags)
    return (*items, *flags)
