"""Whether all is well: checks, metrics, traces, and what protects each system."""
