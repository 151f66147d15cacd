"""Tests of metric sources against servers on loopback that misbehave."""
