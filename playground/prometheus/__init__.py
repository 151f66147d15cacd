"""What Prometheus does in a cluster: scrapes pods, keeps what they said, and answers PromQL over HTTP, in the form it has.

The subset of PromQL is what gates use; anything else is refused by name. The conformance suite compares answers with the
real one's.
"""
