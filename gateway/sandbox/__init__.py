"""Providers of our own for the demo and for trying things: payments, vending, and Africa's Talking as it behaves on the wire."""
