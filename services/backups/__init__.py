"""Backups: the whole site in one archive, made, checked, kept elsewhere, and restored. Never inside a web request."""
