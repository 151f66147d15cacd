"""The playground's clock in real time."""

import asyncio
import time

from playground.driving import Driver
from playground.loop import Loop


def test_a_cluster_that_took_long_to_make_has_the_wall_clock_once_it_is_driven() -> None:
    """Its Prometheus has samples of now for a controller that goes by its own clock, on a busy machine too."""
    loop = Loop(time.time() - 7)

    async def drive() -> float:
        Driver(loop).synchronize()
        return time.time() - loop.now()

    assert abs(asyncio.run(drive())) < 1
