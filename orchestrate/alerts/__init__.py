"""Alerts: what somebody should look at, listed, settled and sent."""
