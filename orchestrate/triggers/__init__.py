"""Triggers: what starts runs by itself, each occurrence once."""
