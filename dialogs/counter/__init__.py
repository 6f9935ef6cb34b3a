"""What the counter asks core: every call a dialog makes of core stands in this room, so that the joints are easy to find.

Each function takes (conn, context, request): `conn` is an open connection (inside the turn's own transaction for an effect), or the
`SummaryReader` of a turn for a `QuickLoad`. It answers a frozen value of its own class (`dialogs/answers.py`), whose `outcome` names what
became of an effect or the way of a fork. An effect's answer is kept under the effect's key, so it must be plain JSON. A refusal is
`errors.Refused`, and is told in its own words.
"""
