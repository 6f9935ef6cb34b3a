"""The only writer of money: journals of postings, live balances beside them, seals over what was written."""
