"""Doubles of outside systems, faithful to the wire: the tests talk to them over real HTTP."""
