"""One connector per module: how a step reaches the world."""
