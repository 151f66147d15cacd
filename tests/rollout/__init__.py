"""Tests of the core against a model world."""
