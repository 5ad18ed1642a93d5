"""The steps of a recipe; each takes the work as it stands and hands on the next."""
