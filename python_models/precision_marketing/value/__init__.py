"""What users are worth: purchase models, regressions on top, forecasts, hold-outs."""
