"""Demand of products: Poisson regressions whose forecasts are one expression in SQL."""
