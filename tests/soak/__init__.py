"""Trials of endurance: programs for hours, whose short forms are tests."""
