"""The effect of the chart's admission policies, in Python: the playground evaluates no CEL.

One module per policy, each a pure function of one write; `messages` and decisions are word for word the chart's, and the same
tests run on the chart's own policies in a real API server. What stands in no template of the chart does not belong here.
"""
