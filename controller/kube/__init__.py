"""The way to the Kubernetes API: calls on raw JSON, caches that follow it, and the lease that elects one leader.

This is the only package that imports `kubernetes`. It knows nothing of releases: no decision, no policy and no
telemetry belongs here (callers count calls through a hook). Modules are imported by name; nothing is gathered here, so
that errors, paths and the lease's rule stay free to import.
"""
