"""Plans: read, checked, bound to systems, changed, and published as versions."""
