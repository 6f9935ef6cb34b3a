"""What an operator sets: the environment, the operator's folder, and what each section of it may hold."""
