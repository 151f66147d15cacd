"""The node's pod addresses: each pod has one of its own while it is there, and it is given out again as late as possible."""

COUNT = 254 * 254


class Addresses:
    """10.244.1.1 to 10.244.254.254, as text: COUNT of them, none of which ends in 0 or 255. 10.244.0.x is the node's own."""

    def __init__(self) -> None:
        self._next = 0
        self._taken: set[str] = set()

    def take(self) -> str:
        """One that nobody has. Raises RuntimeError when all are taken."""
        for _ in range(COUNT):
            third, fourth = divmod(self._next % COUNT, 254)
            self._next += 1
            address = f"10.244.{third + 1}.{fourth + 1}"
            if address not in self._taken:
                self._taken.add(address)
                return address
        raise RuntimeError(f"all {COUNT} addresses of the playground's node are taken")

    def free(self, address: str) -> None:
        """Its pod is gone."""
        self._taken.discard(address)
