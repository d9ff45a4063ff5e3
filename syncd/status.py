"""Questions to the journal: what is going on, what waits, what a person must do."""
