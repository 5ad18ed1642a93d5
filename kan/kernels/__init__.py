"""Evaluations of the basis that training uses."""
