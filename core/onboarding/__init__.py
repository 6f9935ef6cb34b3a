"""An operator's own data in: customers, meters, readings and usage, from files or one by one; safe to repeat."""
