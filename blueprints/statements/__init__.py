"""A course's results as xAPI statements: a file, by page and API."""
