"""Document features of many texts, in memory and on disk."""
