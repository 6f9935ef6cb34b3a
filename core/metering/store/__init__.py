"""Usage into the one store, once: files fetched, records deduplicated, rejects taken up again."""
