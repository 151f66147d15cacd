"""From a committed status and an observation to the next status and the effects, in order."""
