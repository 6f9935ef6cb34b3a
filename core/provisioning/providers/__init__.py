"""The networks that let services through or not, one file each."""
