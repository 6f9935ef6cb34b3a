"""What a customer has beforehand: money, minutes, megabytes, kilowatt-hours; spent as they use them, never twice."""
