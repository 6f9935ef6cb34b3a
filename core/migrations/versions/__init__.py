"""One file a change; before the first release there is one file, drawn by `python -m core.migrations.draft`."""
