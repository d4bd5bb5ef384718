"""People and what is theirs: profiles, names, addresses, passwords, tokens, and what keeps a connection open."""
