"""How usage becomes money: arithmetic only, no I/O, no clock, no settings.

`rate.rate` prices a batch of accounts, `quote.quote` one account through the same code; `catalog.compile` makes the tariffs.
"""
