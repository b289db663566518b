"""Files as attackers and sloppy exporters make them, each with the outcome that the design demands of it."""
