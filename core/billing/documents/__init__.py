"""Documents outside a cycle: credit notes, late invoices, fees, and bills put right."""
