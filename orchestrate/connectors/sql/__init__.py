"""One statement on a database, with bound parameters, in one transaction, within its time."""
