"""The Kubernetes API in one process: what kubectl, controllers and the product talk to.

It keeps what kube-apiserver 1.37 promises its clients, not how it is built: no etcd, no threads, no protobuf. Controllers,
nodes and traffic are clients of it and never imported here.
"""
