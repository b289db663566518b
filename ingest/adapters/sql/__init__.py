"""Databases, read-only: one module per family of servers, and what they have in common."""
