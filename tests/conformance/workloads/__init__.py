"""Deployments, ReplicaSets, EndpointSlices, owners and namespaces: what the controllers do with them."""
