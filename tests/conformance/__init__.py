"""What is true of every cluster: the same tests on the playground and on the real control plane, so that neither can drift."""
