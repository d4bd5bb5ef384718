"""Learning platforms by LTI 1.3 (1EdTech), where Yurt is the tool: who comes in, into which course, and what goes back.

Nothing of a platform is believed before its signature and every claim of it were looked at (`statements.py`).
"""
