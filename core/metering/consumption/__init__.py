"""What services used in a period: the joint between meters and bills."""
