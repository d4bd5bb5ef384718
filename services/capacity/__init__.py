"""Who may start next and where: limits, holdings, placement, positions, waits, warm plans and sizing."""
