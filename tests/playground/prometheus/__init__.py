"""The playground's Prometheus: scrapes, the store, the HTTP API."""
