"""A version made from another one: edits, what they cost, and kept checkpoints that become versions."""
