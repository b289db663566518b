"""Discovers the as-is process and scores what is worth orchestrating."""
