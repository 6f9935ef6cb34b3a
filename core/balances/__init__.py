"""What a customer has beforehand: money, minutes, megabytes, kilowatt-hours; spent as she uses them, never twice."""
