"""Texts as token ids, and the spelling of a tokenizer's vocabulary."""
