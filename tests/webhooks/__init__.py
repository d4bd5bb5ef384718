"""Webhooks: what is sent, to whom, how it is signed, and what becomes of it."""
