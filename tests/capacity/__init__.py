"""Who gets a machine, how long the rest wait, and what is kept warm."""
