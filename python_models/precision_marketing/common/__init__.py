"""What every other subpackage may use: frames of the warehouse, draws, the calendar."""
