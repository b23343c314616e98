"""Model cards: what an artifact says about itself, as Markdown or in the form of ROOST Coop."""
