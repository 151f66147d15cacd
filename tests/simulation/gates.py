"""The gates and migrations of the stories' Releases."""

from typing import Any

Object = dict[str, Any]
QA: Object = {"name": "qa", "at": ["before-traffic", "step"], "webhook": {"url": "https://qa.test/gate", "interval": "2s"}}
"""A web server answers it, before users and at each step."""
CONTRACT: Object = {"name": "contract", "at": ["before-traffic"], "contract": {"port": 8080}}
"""It compares what both revisions serve."""


def errors(interval: str) -> Object:
    """The candidate's own errors."""
    query = 'errors{hash="$candidate"}'
    return {"name": "errors", "threshold": {"query": query, "max": 0.05, "interval": interval, "failures": 2}}


def smoke(image: str) -> Object:
    """A gate that a Job answers, before users and at each step; what it runs ends after some seconds."""
    template = {"spec": {"containers": [{"name": "smoke", "image": image}]}}
    return {"name": "smoke", "at": ["before-traffic", "step"], "job": {"template": template, "timeout": "2m"}}


def migrations(*images: str) -> Object:
    """Changes of data, the first of them named a, each with an undo; what runs ends after some seconds."""
    jobs = [{"template": {"spec": {"containers": [{"name": "sql", "image": image}]}}, "timeout": "1m"} for image in images]
    undo = {"template": {"spec": {"containers": [{"name": "sql", "image": "sql:1-done2"}]}}}
    named = [{"name": name, "reversible": True, "backwardCompatible": True, "job": job, "undo": undo}
             for name, job in zip("abc", jobs, strict=False)]  # fmt: skip
    return {"kind": "DataMigration", "migrations": named}
