"""The embedded operational PostgreSQL and its generator of believable school years."""
