"""What steps can be made of: connectors, operations, models, plans and components, found by meaning."""
