"""People: who there is, which tasks come to whom, and what they may do with them."""
