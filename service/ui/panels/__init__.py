"""What the panels of the model page say, as plain facts; templates only place them."""
