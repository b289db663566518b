"""How each system of the company gives away what it recorded: one module per source."""
