"""`python -m recipes.sae`: trains TopK SAEs for any backbone of a scope on text."""
