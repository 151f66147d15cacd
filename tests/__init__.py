"""Tests, by rung: pure, with doubles on loopback, and on a real control plane."""
