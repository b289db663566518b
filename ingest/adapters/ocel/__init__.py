"""Reads object-centric event logs (OCEL) and flattens them to one kind of object."""
