"""Says what an analyst should know about a log before trusting what is mined from it."""
