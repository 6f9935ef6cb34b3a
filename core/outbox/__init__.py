"""Everything that leaves: the queue, its table, what became of it, what it cost, and how fast it may go."""
