"""`python -m recipes.smollm2`: SAEs and classifiers on SmolLM2-135M-Instruct, a small decoder from a Python package."""
