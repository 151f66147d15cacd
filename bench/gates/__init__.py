"""The published benchmark of the gates' tests, against other tools' rules; needs numpy and scipy, and no cluster."""
