"""Trains, by themselves: their order, and stories with members that do what Releases do."""
