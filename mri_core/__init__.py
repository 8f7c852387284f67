"""Multi-label classification of MRI slices: loading, augmentation, models, training, evaluation and prediction."""

__version__ = "0.1.0"
