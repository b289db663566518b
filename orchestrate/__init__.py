"""Generates the to-be plan, runs it durably, and keeps its history."""
