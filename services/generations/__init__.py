"""Questions that a language model writes from lessons: asked for, paid for once, checked, and reviewed by a teacher."""
