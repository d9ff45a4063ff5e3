"""APScheduler as an alarm clock, and nothing more."""
