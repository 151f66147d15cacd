"""The world as values: what is seen, and what can be done."""
