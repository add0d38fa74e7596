"""What failed in the night, told to whoever is configured to hear it."""
