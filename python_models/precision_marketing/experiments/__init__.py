"""Whether a campaign can be measured, and what it changed."""
