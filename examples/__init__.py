"""Operators to start from: each folder is what `hodi init --example` lays down (operator.yaml and tariffs)."""
