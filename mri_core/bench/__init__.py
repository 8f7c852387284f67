"""`mri bench`: what the program costs, each number beside a peer's from the same run.

`MEASUREMENTS` (table.py) maps a name to a function of `Bench` (session.py) that returns `Measurement`s (record.py).
Every side of a comparison runs in a fresh process; the peers are scripts in `benchmarks/`, written as a competent user
would.
"""
