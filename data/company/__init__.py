"""The company itself: who works when, what they do, and what the world outside does to them."""
