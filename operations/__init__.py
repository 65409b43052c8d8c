"""What is done with the database that dbt builds, and around dbt."""
