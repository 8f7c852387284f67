"""Runs: what is recorded about a training (`store`, over MLflow) and what carries it out (`engine`, over Dask).

A run waits in the store as `queued`. `engine.submit` hands its id to a scheduler, whose worker supervises one fresh
training process; that process records its own progress, epochs and end through the store. Neither the client, nor the
daemon, nor a supervisor ever imports TensorFlow.
"""
