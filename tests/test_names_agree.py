"""Names of headless Services, in drawn settings: the events engine and a search on the interpreter agree."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from cases import program
from oracle import TooLarge
from test_reductions import engine_alone, searched

CHECK = "no_lost_request_by_name"
TEXT = """
use kubernetes
use kubernetes/headless
use load_balancers/load_balancer
cluster c {{
  nodes = 1
  controllers {{
    deployment_acts_within = 0s; replica_set_acts_within = 0s; status_within = 0s; scheduled_within = 0s
  }}
  kubelet {{ sees_deletion_within = 0s; starts_within = 0s; reports_exit_within = 0s }}
  endpoint_slice {{ written_within = 0s..{slice}s }}
  dns {{ answers_kept_within = 0s..{kept}s }}
  load_balancer {{ backends = listed }}
}}
app web {{ startup_time = {start}s..{start}s; on_sigterm = exits; longest_request = 1s }}
deployment web {{
  replicas = 1; max_surge = 1; max_unavailable = 0
  {probe}
  pre_stop = exec({hook}s); termination_grace_period = 8s
}}
service web {{ external_traffic_policy = Cluster; publish_not_ready_addresses = {published} }}
verify {check}
"""


def drawn(seed: int) -> str:
    draw = random.Random(seed)
    return TEXT.format(
        slice=draw.randint(0, 1),
        kept=draw.randint(0, 2),
        start=draw.randint(0, 1),
        probe=draw.choice(("", "readiness_probe { period = 1s; timeout = 0s; failure_threshold = 1 }")),
        hook=draw.randint(0, 4),
        published=draw.choice(("no", "no", "no", "yes")),
        check=CHECK,
    )


@pytest.mark.parametrize("seeds", [range(6), range(6, 12)], ids=str)
def test_two_programs_say_the_same(seeds: range, tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    for seed in seeds:
        of = program(drawn(seed), tmp_path)
        try:
            verdict = searched(of, 30_000)[CHECK]
        except TooLarge:
            continue
        assert engine_alone(of)[CHECK] == verdict, drawn(seed)
        counts[verdict] += 1
    assert min(counts["SAFE"], counts["UNSAFE"]) > 0, counts
    assert counts.total() > len(seeds) / 2
