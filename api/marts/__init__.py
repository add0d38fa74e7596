"""The marts themselves over HTTP: which rows a caller sees, filters, keyset pages, formats."""
