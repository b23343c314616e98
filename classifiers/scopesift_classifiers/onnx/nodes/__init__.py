"""What exported graphs are made of."""
