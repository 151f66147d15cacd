"""A review as text: four sections in a fixed form first, then level, checklist, red flags and differences."""

from collections.abc import Iterator

from strategies.spec.release import StrategyType
from strategies.spec.review import Answer, Review, State

_NAMES = {StrategyType.ROLLING: "Rolling", StrategyType.CANARY: "Canary", StrategyType.BLUE_GREEN: "Blue-green",
          StrategyType.SHADOW: "Shadow"}  # fmt: skip
_MARKS = {State.DONE: "[x]", State.PENDING: "[~]", State.MISSING: "[ ]", State.NOT_APPLICABLE: "[-]", State.UNKNOWN: "[?]"}
_UNDER = {Answer.YES: "yes", Answer.NO: "no", Answer.UNKNOWN: "unknown"}


def page(review: Review, forward: tuple[str, ...], back: tuple[str, ...]) -> str:
    """The whole text; `forward` and `back` are the steps of the two plans."""
    return "\n".join(_lines(review, forward, back)) + "\n"


def _lines(review: Review, forward: tuple[str, ...], back: tuple[str, ...]) -> Iterator[str]:
    radius, way, fit = review.blast_radius, review.way_back, review.compatibility
    services = ", ".join(radius.services) or ("none" if radius.services_known else "unknown")
    taken = "" if review.strategy is review.recommended else f" (goes out as {_NAMES.get(review.strategy, review.strategy)})"
    yield "## Release Review"
    yield from ("", "### Risk Assessment")
    yield f"- Blast radius: {radius.users}; Services: {services}"
    yield f"- Reversibility: {way.reversibility}; under 5 minutes: {_UNDER[way.under_five_minutes]}. {way.message}"
    yield f"- Recommended strategy: {_NAMES.get(review.recommended, review.recommended)}{taken}"
    yield from ("", "### Compatibility")
    yield f"- API: {fit.api}"
    yield f"- Data: {fit.data}"
    yield f"- Dependencies: {fit.dependencies}"
    yield from ("", "### Release Plan")
    yield from (f"{number}. {line}" for number, line in enumerate(forward, 1))
    yield from ("", "### Rollback Plan")
    yield from (f"{number}. {line}" for number, line in enumerate(back, 1))
    yield from ("", f"### Level: {review.risk}")
    yield from (f"- {ground.level}: {ground.message}" for ground in review.reasons)
    if review.chosen:
        yield f"- Strategy, chosen by Auto: {review.chosen}"
    yield from ("", "### Checklist")
    yield from (f"- {_MARKS[item.state]} {item.name}: {item.evidence}" for item in review.checklist)
    if review.foreseen:
        yield from ("", "### What the Gates Can See")
        yield from (f"- {line}" for line in review.foreseen)
    yield from ("", "### Red Flags")
    yield from (f"- {flag.name}: {flag.message}" for flag in review.red_flags)
    if not review.red_flags:
        yield "None."
    yield from ("", "### Differences")
    yield from (f"- {line}" for line in review.differences)
    if not review.differences:
        yield "None."
    yield from ("", f"**{verdict(review)}**")


def verdict(review: Review) -> str:
    """Ready or not, in one line; what is not known is counted, not passed over."""
    count = {state: sum(item.state is state for item in review.checklist) for state in State}
    unknown = f"; {count[State.UNKNOWN]} of the checklist cannot be known" if count[State.UNKNOWN] else ""
    unknown += f"; {count[State.PENDING]} pending" if count[State.PENDING] else ""
    if review.ready:
        return f"Ready, as far as can be seen{unknown}."
    flags = f"{len(review.red_flags)} red flag{'' if len(review.red_flags) == 1 else 's'}"
    return f"Not ready: {flags}, {count[State.MISSING]} of the checklist missing{unknown}."
