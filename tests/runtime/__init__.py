"""Tests of the process: its settings, its ports, its health."""
