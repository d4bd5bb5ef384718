"""Learning platforms by LTI 1.3: their launches, and the pages on which they are registered and connected."""
