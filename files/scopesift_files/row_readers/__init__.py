"""Rows of JSONL, CSV and Parquet files, plain or compressed, with their line numbers and raw bytes."""
