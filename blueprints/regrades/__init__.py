"""The HTTP edge of regrades: views.py for pages, api.py and schemas.py for JSON."""
