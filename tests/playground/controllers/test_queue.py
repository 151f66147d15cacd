"""The queue of keys: each at most once, failures again and again but more and more slowly."""

from playground.apiserver.errors import conflict
from playground.controllers.queue import Queue
from playground.loop import Loop


def test_a_key_waits_at_most_once() -> None:
    """Three events before its turn are one turn; one afterwards is another."""
    loop, done = Loop(), list[tuple[str, ...]]()
    queue: Queue[tuple[str, str]] = Queue(loop, "deployment", done.append)
    for _ in range(3):
        queue.add(("shop", "web"))
    assert loop.ready == ["deployment shop/web"]
    loop.settle()
    queue.add(("shop", "web"))
    loop.settle()
    assert done == [("shop", "web")] * 2


def test_a_failure_is_tried_again_after_twice_the_time_each_time() -> None:
    """5, 10, 20 ms; from the beginning after a success."""
    loop, tries = Loop(), list[float]()

    def work(_: tuple[str]) -> None:
        tries.append(round(loop.now() - 1_800_000_000, 3))
        if len(tries) not in (4, 6):
            raise conflict("deployments.apps", "web")

    queue: Queue[tuple[str]] = Queue(loop, "deployment", work)
    queue.add(("web",))
    loop.advance(1)
    assert tries == [0, 0.005, 0.015, 0.035]
    queue.add(("web",))
    loop.advance(1)
    assert tries[4:] == [1, 1.005]


def test_of_two_later_times_the_earlier_counts() -> None:
    """Whichever was asked for first."""
    for times in ((5, 2), (2, 5)):
        loop, done = Loop(), list[float]()
        queue: Queue[tuple[str]] = Queue(loop, "deployment", lambda _, loop=loop, done=done: done.append(loop.now()))
        for seconds in times:
            queue.later(("web",), seconds)
        loop.advance(10)
        assert [round(moment - 1_800_000_000) for moment in done] == [2]
