"""SQL that differs by engine or that many models share: one macro a file."""
