"""The real reconcile code against the playground's API server, in virtual time, under every fault we could think of."""
