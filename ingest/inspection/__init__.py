"""Looks into a source before it is loaded: its columns, and what they could mean."""
