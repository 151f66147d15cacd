"""Tests of what the controller says of itself."""
