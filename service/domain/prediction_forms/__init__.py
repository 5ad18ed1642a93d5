"""How rows to predict are read and predictions are written, form by form."""
