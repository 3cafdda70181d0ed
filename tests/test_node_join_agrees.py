"""A node that joins, in drawn settings: the events engine, the graph engine and a search on the interpreter agree."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from cases import program
from shrunk import parts
from test_reductions import engine_alone, searched

from verifier.analysis.verdict import Verdict
from verifier.analysis.verify import verify_program
from verifier.engines import graph
from verifier.system.lower import lower
from verifier.system.run import Answer, Budget
from verifier.system.values import Values

CHECK = "no_request_lost_at_new_node"
BUDGET = Budget(20.0)
TEXT = """
use kubernetes
use kubernetes/node_join
use load_balancers/load_balancer
cluster c {{
  kubernetes = {version}
  nodes = 1
  client {{ connect_timeout = 2s }}
  new_node {{
    first_rules_within = 0s..{rules}s; answers_before = {before}s; clients_start_within = {client}s..{client}s
  }}
  {balancer}
}}
app web {{ startup_time = 1s }}
deployment web {{ }}
service web {{ external_traffic_policy = {policy} }}
verify {check}
"""
BALANCER = """load_balancer {{ registers = {registers} }}
  new_backend {{
    registered_within = {known}s..{later}s; waits_for = {waits_for}; sends_within = {sends}s..{sends}s{unchecked}
  }}"""


def drawn(seed: int) -> str:
    draw = random.Random(seed)
    known, sends = draw.randint(0, 4), draw.randint(0, 2)
    balancer = BALANCER.format(
        registers=draw.choice(("all_nodes", "nodes_with_pods")),
        known=known,
        later=known + draw.randint(0, 2),
        waits_for=draw.choice(("application", "traffic_port", "kube_proxy", "nothing")),
        sends=sends,
        unchecked=draw.choice(("", "; unchecked = lasts(1s)", "; unchecked = lasts(2s)")),
    )
    inside = draw.random() < 0.2
    return TEXT.format(
        version=draw.choice(("v1.24", "v1.34")),
        rules=draw.randint(1, 5),
        before=draw.randint(0, 3),
        client=draw.randint(1, 5),
        balancer="" if inside else balancer,
        policy="Cluster" if inside else draw.choice(("Cluster", "Cluster", "Local")),
        check=CHECK,
    )


@pytest.mark.parametrize("seeds", [range(k, k + 20) for k in range(0, 80, 20)], ids=str)
def test_three_programs_say_the_same(seeds: range, tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    for seed in seeds:
        of = program(drawn(seed), tmp_path)
        verdict = searched(of, 20_000)[CHECK]
        assert engine_alone(of)[CHECK] == verdict, drawn(seed)
        answers = set()
        for _, part, env in parts(of):
            exact = lower(Values(of), part, env, relaxed=False)
            answers.add(graph.check(exact.system, exact.check, BUDGET).answer)
        assert (Answer.VIOLATED in answers) == (verdict == "UNSAFE"), drawn(seed)
        assert Answer.UNKNOWN not in answers
        [found] = verify_program(of, (), BUDGET).checks
        assert found.verdict is Verdict[verdict], drawn(seed)
        counts[verdict] += 1
    assert min(counts["SAFE"], counts["UNSAFE"]) > 3, counts
