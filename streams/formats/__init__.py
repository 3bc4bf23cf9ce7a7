"""How many records are written: as Arrow streams, and as JSON in the plain form."""
