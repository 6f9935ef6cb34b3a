"""The bill run: load, rate, draft, finalise, close."""
