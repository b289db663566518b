"""Pulls event logs from existing systems into DuckDB, strictly."""
