"""How requests reach pods in the playground: a Gateway API implementation, and the users behind it. No sockets."""
