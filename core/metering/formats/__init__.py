"""How usage is written by others: one file a format."""
