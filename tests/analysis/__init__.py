"""Tests of the gates, without a cluster and without a clock."""
