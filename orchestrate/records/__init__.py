"""What is kept and what is not: the audit, backups, retention, erasure."""
