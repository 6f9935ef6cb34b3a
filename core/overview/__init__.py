"""What staff and machines see across rooms: lists, one customer whole, one day whole. Read only.

Where a customer is told a number, it is the same room's query that tells it here: a clerk and a customer see one truth.
"""
