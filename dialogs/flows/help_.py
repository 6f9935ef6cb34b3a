"""Whom to call, and what can be asked."""

from dialogs.model import Flow, Say

FLOW = Flow("help", start="told", states={"told": Say("help.told")})
