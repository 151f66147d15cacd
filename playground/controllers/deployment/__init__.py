"""The Deployment controller, as it is in Kubernetes 1.37 in everything that a release relies on.

controller      events → keys; which of the paths below a turn takes
turn            one turn at one Deployment: what it found, and the writes it makes
sizes           how many: surge, unavailability, proportions (pure)
templates       which ReplicaSet has the Deployment's template; the hash of one (pure)
revisions       revision numbers and annotations (pure)
status          counts and conditions (pure)
adopting        the new ReplicaSet: found, numbered, or made
scaling         when paused or scaled: one, saturation, proportions; clean-up of history
rolling         a rolling update, step by step
recreating      all old pods gone, then the new ones
progress        the Progressing condition of a rollout
"""
