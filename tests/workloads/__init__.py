"""Tests of the workload adapter."""
