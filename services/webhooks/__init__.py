"""Webhooks: events of a course that are sent to an address, signed, until it has taken them."""
