"""`hodi import`: an operator's own data in, per-row errors to a reject file, safe to repeat."""
