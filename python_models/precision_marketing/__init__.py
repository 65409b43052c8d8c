"""Package of the dbt Python models: learning, judging and scoring.

The package knows neither dbt nor DuckDB: frames come in, frames go out.
"""
