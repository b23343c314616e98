"""`python -m recipes.sae`: TopK SAEs for any backbone that the product can read, trained from text."""
