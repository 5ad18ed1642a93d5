"""One algorithm per file, one protocol: make it, step it, snapshot it."""
