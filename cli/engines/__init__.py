"""The embedded engines: PostgreSQL and Valkey from wheels, on unix sockets, their data under `var/`.

They are the real engines with durable settings; nothing else in the platform knows that they are embedded.
"""
