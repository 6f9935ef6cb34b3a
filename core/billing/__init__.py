"""Cycles, the bill run in two resumable passes, and the one data set that every rendering of a bill reads."""
