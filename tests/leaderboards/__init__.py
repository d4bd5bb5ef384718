"""Points, ranks, boards."""
