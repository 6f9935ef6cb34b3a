"""One door to the database: engine, bulk writes, membership in many, idempotency keys, failpoints."""
