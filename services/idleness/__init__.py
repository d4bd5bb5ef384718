"""When a lab that nobody uses is warned and stopped, and the evidence for it."""
