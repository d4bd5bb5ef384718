"""Regrades of a question in a quiz: what is to change, what that does to whom, applying it, and taking it back."""
