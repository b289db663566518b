"""Signs that work runs without a conductor, one per module, each measured and none assumed."""
