"""The composition root: settings become accounts, sinks, a journal and jobs."""
