"""A cluster in one process: API server, controllers, kubelet, gateway, users and Prometheus, in real or in virtual time.

It stands in for a cluster where there is none: in the demo, on a laptop, in simulations. The conformance suite holds it to
what the real components do. It knows nothing of the product but its resources' definitions and what its admission
policies do; `controller` and `strategies` are never imported here.
"""
