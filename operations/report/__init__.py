"""The published figures, drawn on one page."""
