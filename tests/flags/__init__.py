"""The objects that hold flags."""
