"""A message in, a screen out: the turn, its session, what is new in an input, and the log of what passed."""
