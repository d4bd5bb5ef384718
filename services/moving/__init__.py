"""Questions that move into a course's bank as files of other programs, previewed and applied, and out of it."""
