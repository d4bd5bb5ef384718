"""Points (an append-only ledger with totals) and the ranks that follow from them."""
