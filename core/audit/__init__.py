"""Who did what to whom, what somebody has to look at soon, and the one change that append-only tables allow."""
