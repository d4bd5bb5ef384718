"""Practice: unlimited, without points; what was wrong comes again soon, what was right later (FSRS)."""
