"""The chart as Helm renders it."""
