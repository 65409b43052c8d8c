"""A synthetic shop that fills every table of the contract, its truth and its dirt."""
