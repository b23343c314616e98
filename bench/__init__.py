"""Benchmarks: one command per table. Results are JSON in `bench/results/`, from which the documents' tables are made.

`python -m bench FOLDER` runs `FOLDER/run.py`, `python -m bench FOLDER-NAME` runs `FOLDER/NAME.py`; a command
without its own folder (`load`, `demo`, …) is a file of `full_size/` or `bundled/`.
"""
