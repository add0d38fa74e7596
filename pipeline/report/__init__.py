"""The morning report: one page of HTML that needs nothing beside it, and the same charts as PNG."""
