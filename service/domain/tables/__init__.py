"""Bytes of an upload become one checked table, whatever their format."""
