"""Reads records from REST interfaces, page by page, whatever the other side does."""
