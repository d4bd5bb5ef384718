"""The bank of a course's questions: versions, states, lists, usage. Knows nothing of archives, which use it."""
