"""The HTTP edge of webhooks: views.py (pages), api.py and schemas.py (JSON). The scheduler sends what they ask for."""
