"""One turn of one Release: gather, decide, commit, perform, publish."""
