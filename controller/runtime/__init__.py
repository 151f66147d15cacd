"""The running process: queue, workers, election, ports."""
