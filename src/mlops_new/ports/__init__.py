"""What the program needs from the outside world: small protocols, and the values that they speak in."""
