"""One's own data: the archive of it, by page and API."""
