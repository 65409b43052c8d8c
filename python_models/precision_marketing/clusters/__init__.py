"""Groups of users: features, fits, number and stability, names and profiles."""
