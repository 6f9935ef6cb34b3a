"""The benches themselves, at sizes that measure nothing."""
