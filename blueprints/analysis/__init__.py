"""The HTTP edge of item analysis: views.py for the page and its file, api.py and schemas.py for JSON."""
