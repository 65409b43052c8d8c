"""Reviews: which language they are in, how likely they are positive, and what of."""
