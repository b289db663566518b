"""One redesign move per module."""
