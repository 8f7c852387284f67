"""What slices look like, as vectors: without a trained model, for finding alike slices, odd ones, and drawing a map."""
