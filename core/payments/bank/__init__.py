"""Our own bank: statements it gives us, direct debits we give it, both as files."""
