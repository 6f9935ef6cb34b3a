"""The `hodi` command, a file per family of words; `gateway/cli.py` puts them together."""
