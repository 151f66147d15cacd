"""Waiting for something to become true of a Release: looks again and again, bears short outages, and ends in time."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import click

from controller.cli.access import Access
from controller.kube.errors import ApiError
from strategies.spec.base import format_duration, parse_duration

Object = dict[str, Any]
Answer = TypeVar("Answer")
PAUSE = 0.25
"""Seconds between two looks."""


class Late(Exception):
    """It did not come about in time."""


class DurationType(click.ParamType[timedelta]):
    """A duration as the resources write it: 30s, 5m, 1h30m."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Text to timedelta; a usage error says how it is written."""
        try:
            parsed: timedelta = parse_duration(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)
        return parsed


def until(question: Callable[[], Answer | None], access: Access, patience: timedelta | None) -> Answer:
    """The first answer that is not None. Raises Late after `patience` (None: never), and Problem for what time will not mend."""
    deadline = time.monotonic() + patience.total_seconds() if patience is not None else None
    while True:
        try:
            answer = question()
        except ApiError as error:
            if not error.retryable or (deadline is not None and time.monotonic() >= deadline):
                raise access.problem(error) from error
            answer = None
        if answer is not None:
            return answer
        if deadline is not None and time.monotonic() >= deadline:
            raise Late
        time.sleep(PAUSE)


def spoken(patience: timedelta | None) -> str:
    """The patience for a sentence."""
    return format_duration(patience) if patience is not None else "ever"
