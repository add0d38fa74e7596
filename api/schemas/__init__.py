"""What the endpoints answer, one frozen model per shape. Rates are 0..1, percentages and scores 0..100."""
