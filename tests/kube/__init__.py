"""Tests of controller/kube and of the work queue, against scripted servers on loopback."""
