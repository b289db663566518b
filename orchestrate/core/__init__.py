"""What a run does, as pure functions: no I/O, no clock, no chance."""
