"""Certificates: their public addresses, the pages of a course's people and of its staff, and the JSON API."""
