"""Speed, calls and memory, measured and printed; never asserted."""
