"""A hundred million events on one machine: `python -m benchmarks.large`."""
