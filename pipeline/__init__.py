"""What drives the others: the nightly run, building, publishing, run history and the command line."""
