"""The one cached read of how a caller's accounts stand: the fast path of a turn."""
