"""Deployments, ReplicaSets and pods as values and patches. Pure."""
