"""Tests of the traffic adapters."""
