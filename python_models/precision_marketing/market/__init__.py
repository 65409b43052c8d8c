"""What markets do: how units follow prices."""
