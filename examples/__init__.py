"""Worked examples: plans, the stub services they call, and what to try with them."""
