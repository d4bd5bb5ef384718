"""Saved homes: their archives and the store that keeps them."""
