"""Out-of-time predictions, their metrics and intervals, importance of features."""
