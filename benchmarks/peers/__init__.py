"""Other libraries of the same kind, each in a process of its own."""
