"""Tells the garbage collector that what was loaded at start stays: a full collection would walk half a million objects for nothing.

A turn makes a few hundred short-lived values that reference counting frees; collecting rarely saves a tenth of its time.
"""

import gc

YOUNG, MIDDLE, OLD = 20_000, 20, 50
"""Net new objects before a young collection; young ones before a middle one; middle ones before a full one."""


def settle() -> None:
    """Call once, when everything is loaded and nothing is served yet."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
