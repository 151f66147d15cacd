"""A test kubelet (and the scheduler of its one node): pods are processes, statuses are written as a kubelet's are.

What it does not do, so that no test relies on it by accident: init containers, exec and gRPC probes, resource limits,
security contexts, host ports, events, updates of mounted ConfigMaps. All pods share one network
namespace, so a process must bind the address in $POD_IP (set in every container), not 0.0.0.0.
"""
