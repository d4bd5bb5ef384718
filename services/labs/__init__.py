"""Lab sessions: their life, who is next to start, what is repaired and saved, checks, and the state that pages see."""
