"""The pure core: what is wanted, what was seen, and what follows. No clock, no network, no files."""
