"""Asking metric sources: the only place that talks to a Prometheus. What an answer means for a release is decided elsewhere."""
