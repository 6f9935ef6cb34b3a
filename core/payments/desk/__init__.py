"""Cash over the counter: drawers, receipts, counts, and what is taken to the bank."""
