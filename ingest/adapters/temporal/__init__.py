"""Reads Temporal workflow histories."""
