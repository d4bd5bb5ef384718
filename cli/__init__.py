"""Commands: what operators and authors run."""
