"""Shaping of a log: the steps that change it, and what is kept of them."""
