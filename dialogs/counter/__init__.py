"""What the counter asks core: every call a dialog makes of core stands in this room, so that the joints are easy to find.

Each function takes (conn, house, asked): `conn` is an open connection (inside the turn's own transaction for an effect), or the
glance of a turn for the `quick` ones. It answers values for the screen; an effect's answer names its outcome under `is`, and is
kept under the effect's key, so it must be plain JSON. A refusal is `errors.Refused`, and is told in its own words.
"""
