"""What to do next, as pure decisions: never an effect, never a clock of its own."""
