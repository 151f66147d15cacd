"""Faults of real processes, networks and clocks: what is promised is read from the API's own record of what was there."""
