"""Validation, estimation and editing: which readings can be true, what stands in for those that are not, and what waits for a person."""
