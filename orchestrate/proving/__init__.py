"""What a plan would do, and what it did: backtest, sandbox, predictions, KPIs, conformance."""
