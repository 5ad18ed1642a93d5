"""Compiled evaluations on the CPU: numba, no torch, no compiler on the user's machine."""
