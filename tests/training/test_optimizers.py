import keras
import numpy as np
import pytest
import tensorflow as tf

from mri_core.training.optimizers import OPTIMIZERS

KERAS = {
    "adam": keras.optimizers.AdamW,
    "sgd": keras.optimizers.SGD,
    "nesterov": lambda **settings: keras.optimizers.SGD(momentum=0.9, nesterov=True, **settings),
    "rmsprop": keras.optimizers.RMSprop,
}


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_moves_like_keras(name: str, weight_decay: float) -> None:
    random = np.random.default_rng(0)
    shapes = [(5, 4), (4,)]
    start = [random.normal(size=shape).astype(np.float32) for shape in shapes]
    ours = [tf.Variable(value) for value in start]
    theirs = [keras.Variable(value) for value in start]
    optimizer = OPTIMIZERS[name](ours)
    reference = KERAS[name](learning_rate=0.01, weight_decay=weight_decay)
    reference.exclude_from_weight_decay([theirs[1]])
    reference.build(theirs)
    for step in range(1, 21):
        gradients = [tf.constant(random.normal(size=shape), tf.float32) for shape in shapes]
        decay = tf.constant(0.01 * weight_decay) if weight_decay else None
        optimizer.apply(gradients, [tf.constant(0.01)] * 2, decay, tf.constant(step, tf.int64))
        reference.apply(gradients, theirs)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_slots_are_what_the_next_step_depends_on(name: str) -> None:
    variable = tf.Variable(tf.ones((3, 2)))
    optimizer = OPTIMIZERS[name]([variable])
    before = [slot.numpy() for slot in optimizer.slots]
    optimizer.apply([tf.ones((3, 2))], [tf.constant(0.1)], None, tf.constant(1, tf.int64))
    assert len(before) == len(optimizer.slots)
    assert not optimizer.slots or any(
        (slot.numpy() != old).any() for slot, old in zip(optimizer.slots, before, strict=True)
    )
