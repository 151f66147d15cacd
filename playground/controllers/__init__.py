"""What kube-controller-manager does in a cluster, for the kinds of objects that releases touch.

Each controller is a class with a loop and a client: it watches, keeps an ordered set of keys, and puts one task on the
loop per key. It reads what it needs from the API at the moment it decides, so there is no cache that could be behind, and
hence none of the expectations that guard the real ones against their own caches.
"""
