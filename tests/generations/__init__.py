"""Questions by a language model."""
