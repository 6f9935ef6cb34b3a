"""What is true: money, usage, bills, payments, customers. Core imports nothing of the rooms above it."""
