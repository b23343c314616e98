"""Overlap of benchmarks: GSM8K's parts with each other, and with HumanEval."""
