"""What the controller says of itself: logs, metrics, Events."""
