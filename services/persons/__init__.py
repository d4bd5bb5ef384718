"""What the site has of a person: all of it as an archive for them, and its erasure."""
