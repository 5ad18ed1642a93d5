"""Layers in torch by local support, on any device."""
