"""What users are worth: purchase models, regressions on top, forecasts, test periods."""
