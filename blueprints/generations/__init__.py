"""Questions that a language model writes: asked for, followed, and reviewed."""
