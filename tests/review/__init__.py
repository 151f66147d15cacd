"""The review of a change: pure."""
