"""Runs as people see them, and what people tell them."""
