"""How an effect that did not happen is told, the same everywhere: why not, or that we could not just now."""

from dialogs.model import Say

REFUSED = Say("talk.refused", pages=2)
"""`why` is the refusal's own sentence."""

DOWN = Say("talk.down")
