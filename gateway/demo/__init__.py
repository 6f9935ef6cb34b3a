"""`hodi demo`: the main job on the embedded default, played through the real doors with doubles at the other ends."""
