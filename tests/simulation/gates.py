"""The gates of the stories' Releases."""

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
