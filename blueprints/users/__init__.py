"""Accounts of the site, for its administrators."""
