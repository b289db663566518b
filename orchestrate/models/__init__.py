"""Models that score cases: which there are, what they said, and whether people still agree with them."""
