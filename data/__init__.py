"""A small company to try Baton on: four simulated processes, exported the way its systems would."""
