"""The command line: `kan serve | worker | migrate | keys`."""
