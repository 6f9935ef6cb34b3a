"""What calls us: channels, payment providers, reports of delivery, and the spool for when the database is away."""
