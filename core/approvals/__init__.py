"""Maker and checker: who may decide what, bound to the exact payload."""
