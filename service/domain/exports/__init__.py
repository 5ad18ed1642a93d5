"""Versions as files for use elsewhere, each with a certificate of how far it is from what is served."""
