"""Where people's words stand in the database, table by table: the columns that the nightly search for card numbers reads.

What is not here is written by programs, names a thing, or must stay as it came because something is proven by it (what a provider
or a bank sent, a journal's details). A test holds every column of every table to one of the two.
"""

WRITTEN: dict[str, str] = {
    "approval": "note payload", "audit": "details", "barring": "why", "bucket_movement": "why", "campaign": "name texts texts_b",
    "chargeback": "reason", "chat_line": "body", "consent": "word", "contacted": "note", "cycle": "reason decided", "deposit": "slip",
    "difference": "note", "drawer": "note", "effect": "answer", "episode": "ended_why", "interaction": "text", "interest": "name place",
    "ladder_step": "reason", "mandate": "holder", "media": "caption reason", "outage": "area cause", "outbox": "params reason",
    "own_limit": "reason", "party": "name", "placement": "recalled_why", "premise": "address area", "protection": "reason",
    "reading": "reason", "receipt": "payer", "refund": "reason", "reversal": "reason", "statement": "file_name", "talk": "about",
    "ticket": "description", "ticket_event": "details", "usage_file": "name problem", "usage_reject": "reason",
}  # fmt: skip
OURS = frozenset({"chat_line", "effect", "interaction", "outbox"})
"""Tables in which our own words stand too, with the tokens of prepaid meters."""
