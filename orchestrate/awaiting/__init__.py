"""Events of brokers that steps wait for: heard once, kept for a while, and told to whom they belong."""
