"""The short form of cluster.py: one of each kind, where hosts can be made."""

import pytest

from tests.soak.cluster import Plan, can_be_tried, disturb_cluster

EVENTS = ("cut", "worker", "scheduler", "database")


@pytest.mark.skipif(not can_be_tried(), reason="network namespaces take root on Linux, with iproute2 and openssl")
def test_a_cluster_that_is_disturbed_comes_to_the_same_bits(tmp_path):
    found = disturb_cluster(tmp_path, Plan(4, seeds=1, epochs=30, events=EVENTS, pause=3, away=35), seed=0)
    assert (found["runs"], found["different"], found["left undone"]) == ({"finished": 4}, [], [])
    assert found["attempts"] > 4
