"""Uses that are paid for at once, and the periods they are priced in."""
