"""Expressions: the closed grammar in which people write them."""
