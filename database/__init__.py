"""How a process of Yurt talks to PostgreSQL: its connections, its pool, its time-outs, and what operators see of it."""
