"""A real Kubernetes control plane on one machine, for tests and for trying things by hand.

etcd, kube-apiserver and kube-controller-manager run as processes inside one network namespace; a small kubelet runs
pods as processes there; Traefik is the gateway and Prometheus scrapes the pods. Nothing here is imported by the product.
"""
