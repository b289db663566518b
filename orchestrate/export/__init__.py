"""One export format per module."""
