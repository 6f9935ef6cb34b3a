"""Calls, messages and sessions: read from a switch's files by the operator's own mapping, or taken over HTTP."""
