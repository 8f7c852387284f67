"""A run's model as a small HTTP service, for scripts and for programs of others."""
