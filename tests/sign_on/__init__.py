"""Signing in by providers elsewhere."""
