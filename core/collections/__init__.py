"""Money that is late: the ladder, what holds it, arrangements and promises, charges for being late, writing off."""
