"""Tests of releasectl."""
