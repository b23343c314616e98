"""The documents' tables, made of the JSON files."""
