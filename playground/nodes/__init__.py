"""The playground's one node: pods start, become ready, answer requests, crash and end as their image's tag says."""
