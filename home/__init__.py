"""The floor the rooms stand on: settings, stores, clock, ids, jobs, and the command registry."""
