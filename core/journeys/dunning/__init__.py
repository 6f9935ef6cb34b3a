"""What follows when money is late: the day of the dunning ladder and what each step leads to."""
