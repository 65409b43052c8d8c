"""Who gets which offer, under budgets, stock and channel capacity."""
