"""Certificates: what a course asks for one, who has earned it, and the files that show it."""
