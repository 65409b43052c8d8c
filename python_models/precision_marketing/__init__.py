"""What the project's dbt Python models call: learning, judging and scoring.

The package knows neither dbt nor DuckDB: frames come in, frames go out.
"""
