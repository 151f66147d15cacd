"""The work queue: folding, turns, delays and retries, on a clock that the test moves."""

import threading
from collections import Counter

import pytest

from controller.runtime.queue import BackOff, Key, Queue


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> Queue:
    """A queue without jitter."""
    return Queue(clock=clock, chance=lambda: 1.0, back_off=BackOff(first=1.0, longest=60.0))


A, B, C = ("shop", "a"), ("shop", "b"), ("bank", "c")


def drained(queue: Queue) -> list[Key]:
    """Everything that is ready, in its order, done with at once."""
    found: list[Key] = []
    while (key := queue.get(0)) is not None:
        found.append(key)
        queue.done(key)
    return found


def test_many_events_of_one_key_are_one_entry(queue: Queue) -> None:
    """A key is a name: reading the world once covers all that was reported."""
    for _ in range(100):
        queue.add(A)
    assert queue.depth() == 1
    assert drained(queue) == [A]


def test_a_key_added_while_worked_on_comes_back_after_done_and_not_before(queue: Queue) -> None:
    """The worker may have read before the event; two workers on one key would race."""
    queue.add(A)
    assert queue.get(0) == A
    queue.add(A)
    queue.add(A)
    assert queue.get(0) is None
    queue.done(A)
    assert queue.get(0) == A
    queue.done(A)
    assert queue.get(0) is None


def test_a_delay_that_ends_while_worked_on_is_not_lost(queue: Queue, clock: Clock) -> None:
    """A wake-up counts like any event."""
    queue.add(A)
    assert queue.get(0) == A
    queue.add_after(A, 5.0)
    clock.now += 5.0
    assert queue.get(0) is None
    queue.done(A)
    assert queue.get(0) == A


def test_a_tenant_with_a_thousand_keys_delays_another_by_one(queue: Queue) -> None:
    """Namespaces take turns, keys of one keep their order."""
    for number in range(1000):
        queue.add(("loud", f"{number:04}"))
    queue.add(("calm", "x"))
    queue.add(("calm", "y"))
    order = drained(queue)
    assert order[:5] == [("loud", "0000"), ("calm", "x"), ("loud", "0001"), ("calm", "y"), ("loud", "0002")]
    assert order[5:] == [("loud", f"{number:04}") for number in range(3, 1000)]


def test_a_namespace_that_keeps_adding_gets_only_its_turn(queue: Queue) -> None:
    """A key that comes back at once waits behind every other namespace."""
    queue.add(A)
    queue.add(B)
    queue.add(C)
    order: list[Key | None] = []
    for _ in range(4):
        key = queue.get(0)
        order.append(key)
        assert key is not None
        if key[0] == "shop":
            queue.add(key)
        queue.done(key)
    assert order == [A, C, B, A]


def test_what_can_wait_goes_last_whatever_its_namespace(queue: Queue, clock: Clock) -> None:
    """A release is brought to its end before another starts."""
    queue.add_after(B, 5.0)
    queue.add(A, last=True)
    queue.add(("calm", "x"), last=True)
    queue.add(C)
    clock.now += 5.0
    assert drained(queue) == [C, B, A, ("calm", "x")]


def test_what_could_wait_is_not_kept_waiting_when_it_cannot_any_more(queue: Queue) -> None:
    """A person's request goes as always, also where the key is queued already; what comes after it puts it off no more."""
    queue.add(A, last=True)
    queue.add(C, last=True)
    queue.add(B)
    queue.add(A)
    queue.add(A, last=True)
    assert drained(queue) == [B, A, C]


@pytest.mark.parametrize("order", [(False, True), (True, False)])
def test_a_key_at_work_comes_back_first_if_any_of_its_events_cannot_wait(queue: Queue, order: tuple[bool, bool]) -> None:
    """In whichever order they came."""
    queue.add(A)
    queue.add(C, last=True)
    assert queue.get(0) == A
    for last in order:
        queue.add(A, last=last)
    queue.done(A)
    assert drained(queue) == [A, C]


def test_what_can_wait_does_not_wait_for_ever(queue: Queue) -> None:
    """However much else there is, one of sixty-four."""
    for number in range(150):
        queue.add(("loud", f"{number:03}"))
    queue.add(("calm", "x"), last=True)
    queue.add(("calm", "y"), last=True)
    order = drained(queue)
    assert (order.index(("calm", "x")), order.index(("calm", "y"))) == (63, 127)


def test_of_several_wake_ups_the_earliest_counts(queue: Queue, clock: Clock) -> None:
    """Whichever was asked first, and only once."""
    queue.add_after(A, 30.0)
    queue.add_after(A, 10.0)
    queue.add_after(A, 20.0)
    clock.now += 9.9
    assert queue.get(0) is None
    clock.now += 0.1
    assert drained(queue) == [A]
    clock.now += 100.0
    assert queue.get(0) is None


def test_delayed_keys_come_in_the_order_of_their_time(queue: Queue, clock: Clock) -> None:
    """Not in the order in which they were asked for; a delay of nothing is now."""
    queue.add_after(B, 2.0)
    queue.add_after(A, 1.0)
    queue.add_after(C, 0.0)
    assert drained(queue) == [C]
    clock.now += 2.0
    assert drained(queue) == [A, B]


def test_overtaken_wake_ups_take_no_room(queue: Queue, clock: Clock) -> None:
    """A key woken every second that always also asks for a far wake-up must not fill the memory."""
    for _ in range(10_000):
        queue.add_after(A, 300.0)
        queue.add_after(A, 0.01)
        clock.now += 0.02
        assert drained(queue) == [A]
    assert len(queue._alarms) < 200


def test_retries_wait_longer_each_time_up_to_a_cap_and_start_anew_after_forget(queue: Queue) -> None:
    """Per key: one that fails says nothing about another."""
    assert [queue.retry(A) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert queue.failures(A) == 8
    assert queue.retry(B) == 1
    queue.forget(A)
    assert queue.retry(A) == 1


def test_a_retry_waits_at_least_as_long_as_the_server_asked(queue: Queue, clock: Clock) -> None:
    """`Retry-After` beats the back-off when it is longer."""
    assert queue.retry(A, at_least=7.0) == 7.0
    clock.now += 6.9
    assert queue.get(0) is None
    clock.now += 0.1
    assert queue.get(0) == A


def test_an_event_does_not_wait_for_the_back_off(queue: Queue, clock: Clock) -> None:
    """A user's fix is looked at now."""
    queue.retry(A)
    queue.add(A)
    assert drained(queue) == [A]


def test_jitter_takes_away_up_to_half_and_never_all(clock: Clock) -> None:
    """A thousand keys that failed together come back spread, and none at once."""
    waits = [Queue(clock=clock, back_off=BackOff(first=8.0)).retry(A) for _ in range(200)]
    assert all(4.0 <= wait <= 8.0 for wait in waits)
    assert max(waits) - min(waits) > 2.0
    assert BackOff().after(10_000, 1.0) == 60.0


def test_depth_and_oldest_wait_count_what_waits_for_a_worker(queue: Queue, clock: Clock) -> None:
    """Delayed keys count from the moment they are due, keys at work not at all."""
    assert (queue.depth(), queue.oldest_wait()) == (0, 0.0)
    queue.add(A)
    queue.add_after(B, 5.0)
    assert queue.depth() == 1
    clock.now += 6.0
    assert (queue.depth(), queue.oldest_wait()) == (2, 6.0)
    assert queue.get(0) == A
    assert (queue.depth(), queue.oldest_wait()) == (1, 1.0)


def test_what_can_wait_counts_as_ready_and_not_as_waiting(queue: Queue, clock: Clock) -> None:
    """The wait says how long a rollback waits, and an alert rests on it."""
    queue.add(A, last=True)
    clock.now += 6.0
    assert (queue.depth(), queue.oldest_wait()) == (1, 0.0)
    queue.add(A)
    clock.now += 2.0
    assert (queue.depth(), queue.oldest_wait()) == (1, 2.0)


def test_shut_down_sends_every_waiting_worker_home() -> None:
    """Also those without a timeout; nothing is given out or taken in any more."""
    queue = Queue()
    answers: list[Key | None] = []
    workers = [threading.Thread(target=lambda: answers.append(queue.get())) for _ in range(8)]
    for worker in workers:
        worker.start()
    queue.shut_down()
    for worker in workers:
        worker.join(2.0)
    queue.add(A)
    queue.add_after(B, 0.0)
    assert answers == [None] * 8
    assert (queue.get(), queue.closed, queue.depth()) == (None, True, 0)


def test_a_waiting_worker_is_woken_by_an_add_and_by_a_nearer_delay() -> None:
    """On the real clock: nobody sleeps through an event or until a later alarm."""
    for seconds, key in ((0.0, C), (0.02, B)):
        queue = Queue()
        queue.add_after(A, 60.0)
        found: list[Key | None] = []
        worker = threading.Thread(target=_get_one, args=(queue, found))
        worker.start()
        worker.join(0.05)  # It waits for the alarm that is a minute away.
        queue.add_after(key, seconds)
        worker.join(2.0)
        assert found == [key]


def _get_one(queue: Queue, found: list[Key | None]) -> None:
    found.append(queue.get(5.0))


def test_no_key_is_worked_on_twice_at_once_and_none_is_lost() -> None:
    """Eight workers, four producers: every key's last event is followed by a turn that began after it."""
    queue, keys = Queue(), [(f"n{n % 3}", str(n)) for n in range(20)]
    events, seen, working, clashes = Counter[Key](), Counter[Key](), Counter[Key](), list[Key]()
    guard = threading.Lock()

    def work() -> None:
        while (key := queue.get(5.0)) is not None:
            with guard:
                working[key] += 1
                if working[key] > 1:
                    clashes.append(key)
                seen[key] = events[key]
            with guard:
                working[key] -= 1
            queue.done(key)

    def produce() -> None:
        for turn in range(2000):
            key = keys[turn % len(keys)]
            with guard:
                events[key] += 1
            queue.add(key)

    workers = [threading.Thread(target=work) for _ in range(8)]
    producers = [threading.Thread(target=produce) for _ in range(4)]
    for thread in workers + producers:
        thread.start()
    for producer in producers:
        producer.join(10.0)
    while queue.depth() or queue._working:
        pass
    queue.shut_down()
    for worker in workers:
        worker.join(2.0)
    assert clashes == []
    assert seen == events
    assert sum(events.values()) == 8000
