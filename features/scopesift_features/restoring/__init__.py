"""Undoing obfuscated spelling ("b1tch", "b i t c h"): one rule per file."""
