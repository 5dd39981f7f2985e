"""How far probabilities can be trusted, and what makes them so."""
