"""Item analysis: what a quiz's answers say of its questions, and how far its score can be trusted."""
