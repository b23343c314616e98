"""How the bundled e5 scope is made: SAEs of multilingual-e5-small, its classifiers, its model card."""
