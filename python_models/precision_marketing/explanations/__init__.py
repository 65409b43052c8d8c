"""What each feature adds to a score, and the words for it."""
