"""Comparing contracts by programs: what the command line and the controller have in common. Who compares what is theirs."""
