"""Units for prepaid meters: one payment, one token, whatever happens on the way."""
