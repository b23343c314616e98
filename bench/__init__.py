"""Benchmarks: one command a table. Results are JSON under `bench/results/`; the documents' tables come from them.

`python -m bench ROOM` is `ROOM/run.py` where there is one, `python -m bench ROOM-NAME` is `ROOM/NAME.py`; a command
without a room of its own (`load`, `demo`, …) is a file of `full_size/` or `bundled/`.
"""
