"""Training: the specification of a run, its batches, the fit and the process that runs it."""
