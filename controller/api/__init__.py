"""What stands in the cluster: names, and the CRDs generated from the models."""
