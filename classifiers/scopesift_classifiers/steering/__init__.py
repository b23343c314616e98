"""Steering with a classifier: its features change generated text, and its verdicts measure the change."""
