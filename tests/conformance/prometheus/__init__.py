"""The playground's PromQL against the real Prometheus: the same samples, the same questions, the same answers."""
