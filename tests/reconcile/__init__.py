"""Tests of the reconcile code's pure parts."""
