"""Importing a lab's own slices: a source becomes a lazy plan, and one runner streams any plan into a data set."""
