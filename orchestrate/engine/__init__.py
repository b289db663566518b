"""Runs made durable: the journal, its statements, and what drives a run that is due."""
