"""Whether a score and a cut of the bundled toxicity classifier mean the same in every language."""
