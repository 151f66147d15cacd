"""What single kinds do of their own: defaults, what only the server sets, what is not valid. One module per family of kinds.

Functions on one object in place (defaults, preparations) or returning causes (validation); none reads the store.
"""
