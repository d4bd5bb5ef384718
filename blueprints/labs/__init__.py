"""The HTTP edge of labs: views.py for pages, api.py and schemas.py for JSON."""
