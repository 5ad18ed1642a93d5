"""Networks as formulas and formulas as networks."""
