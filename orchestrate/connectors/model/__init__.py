"""Steps that a model decides where it is sure, and a person where it is not."""
