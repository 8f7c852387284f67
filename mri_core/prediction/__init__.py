"""Prediction: a trained run's model on new slices, and its export."""
