"""The playground's gateway and users, in virtual time."""
