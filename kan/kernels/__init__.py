"""Evaluations of a network that are made to be fast: `cpu` compiled and without torch, `torch` on any device."""
