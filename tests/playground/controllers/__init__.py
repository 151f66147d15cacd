"""The controllers of the playground in virtual time: what the conformance suite cannot ask of a real control plane."""
