"""Which candidate of a task is in service, and the registry that stores it."""
