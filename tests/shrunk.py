"""The blog's cases with a balancer of their own (rows 8 to 13, and 16), shrunk: few pods and nodes, short delays.

Delays become a few seconds, at least 1 s where the blog has a lower bound, and every order of two sums that decides a
row is kept:

* The balancer has removed a backend 1 s (slice) + 3 s (removal) after its last pod went, the rules know it after
  1 s + 2 s: a preStop of 30 s becomes one of 6 s, 18 s become 5 s; 17 s become 4 s, the tie.
* A new backend gets requests after at most 1 s + 1 s (addition) or 1 s + 2 s (rules), and 3 s (health check):
  minReadySeconds of 30 s become 7 s, a start of 30 s to 40 s one of 7 s to 8 s.
* Without a health check (row 16) it is added after at most 1 s + 3 s, later than minReadySeconds (3 s) and one removal,
  earlier than with an addition before the removal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cases import blog, changed, program

from verifier.analysis.kinds import kinds
from verifier.analysis.verify import well_formed
from verifier.language.program import CheckTemplate, Program
from verifier.system.values import Env, Values

Changes = tuple[tuple[str, str], ...]

AT_ONCE = "deployment_acts_within = 0s; scheduled_within = 0s"
ONE_SAMPLE = "period = 1s; timeout = 0s; failure_threshold = 1"
# Each where it is written; some rows have no health check, no preStop, or another start.
TIMES: Changes = (
    (
        "cluster ack {",
        f"cluster ack {{\n  controllers {{ {AT_ONCE} }}\n  client {{ connect_timeout = 1s }}",
    ),
    ("written_within = 0s..2s", "written_within = 0s..1s"),
    ("rules_within = 0s..8s", "rules_within = 0s..2s"),
    ("sees_deletion_within = 0s..1s", "sees_deletion_within = 0s"),
    ("starts_within = 0s..1s", "starts_within = 0s"),
    ("starts_sending_within = 1s..5s", "starts_sending_within = 1s..1s"),
    ("starts_sending_within = 2s..5s", "starts_sending_within = 2s..3s"),
    ("stops_sending_within  = 1s..15s", "stops_sending_within  = 1s..3s"),
    (
        "interval = 2s; timeout = 5s; healthy = 3; unhealthy = 3",
        "interval = 1s; timeout = 1s; healthy = 2; unhealthy = 2",
    ),
    ("startup_time    = 5s", "startup_time    = 1s"),
    ("initial_delay = 5s; period = 3s; failure_threshold = 3", ONE_SAMPLE),
    ("termination_grace_period = 60s", "termination_grace_period = 8s"),
    *((f"exec({long}s)", f"exec({short}s)") for long, short in ((30, 6), (18, 5), (17, 4), (11, 4), (10, 3))),
    ("min_ready       = 30s", "min_ready       = 7s"),
    ("min_ready = 30s", "min_ready = 7s"),
    ("min_ready       = 4s", "min_ready       = 3s"),
)
SLOW_START = (("30s..40s", "7s..8s"),)
KILLED = (
    ("100s..200s", "4s..5s"),
    ("initial_delay = 30s; period = 30s; failure_threshold = 3", f"initial_delay = 1s; {ONE_SAMPLE}"),
)
DEADLINE = (("max_unavailable = 0", "max_unavailable = 0\n  progress_deadline = 10s"),)


# By row: replicas, nodes, and what is said nowhere else.
ROWS: dict[str, tuple[int, int, Changes]] = {
    "08a-local-before-fallback": (1, 2, ()),
    "08b-local-surge-0": (1, 1, ()),
    "08c-local-anti-affinity": (1, 1, ()),
    "08d-no-room": (1, 1, ()),
    "09a-local-30-unhealthy-30": (1, 2, ()),
    "09b-local-17-healthy-0": (1, 2, ()),
    "09c-local-17-healthy-30": (1, 2, ()),
    "09d-local-17-unhealthy-30": (1, 2, ()),
    "09e-local-30-healthy-0": (1, 2, ()),
    "09f-local-30-healthy-30": (1, 2, ()),
    "09g-local-17-unhealthy-0": (1, 2, ()),
    "09h-local-30-unhealthy-0": (1, 2, ()),
    "09r-local-one-replica": (1, 2, ()),
    "10a-daemon-set-10": (1, 1, ()),
    "10a-daemon-set-11": (1, 1, ()),
    "10b-local-spread": (2, 2, ()),
    "10b-local-spread-fallback": (2, 2, ()),
    "10c-local-spread-surge-2": (1, 2, ()),
    "10d-daemon-set-no-surge": (1, 1, ()),
    "11a-blog-recipe": (1, 2, ()),
    "11b-blog-recipe-4-on-2": (1, 2, ()),
    "11c-blog-recipe-required": (2, 2, ()),
    "11d-blog-recipe-fallback": (2, 2, ()),
    "12a-eni-slow-start-17": (2, 1, SLOW_START),
    "12a-eni-slow-start-18": (2, 1, SLOW_START),
    "12b-eni-fast-start": (2, 1, ()),
    "12b-eni-one-replica": (1, 1, ()),
    "12c-eni-gate-healthy": (1, 1, ()),
    "12c-eni-gate-registered": (1, 1, ()),
    "12c-eni-min-ready": (1, 1, ()),
    "12d-eni-drain-off": (1, 1, ()),
    "12d-eni-drain-on": (1, 1, (("lasts(25s)", "lasts(3s)"), ("longest_request = 20s", "longest_request = 2s"))),
    "13a-liveness-unavailable-0": (1, 1, (*KILLED, ("verify capacity >= 3", "verify capacity >= 1"))),
    "13b-liveness-unavailable-1": (2, 1, (*KILLED, ("verify capacity >= 2", "verify capacity >= 1"))),
    "13c-progress-deadline": (1, 1, (*KILLED, *DEADLINE)),
    "13d-slow-within-the-deadline": (2, 1, (("100s..590s", "2s..5s"), *DEADLINE)),
    "16-quota": (1, 1, ()),
    "16b-local-at-quota": (1, 2, ()),
    "16c-local-below-quota": (1, 2, ()),
}  # fmt: skip


def row(stem: str, folder: Path) -> Program:
    """A case of a balancer, shrunk; time cannot stop in it."""
    text = blog(stem)
    for old, new in TIMES:
        text = text.replace(old, new)
    replicas, nodes, changes = ROWS[stem]
    of = program(_sized(changed(text, *changes), replicas, nodes), folder)
    well_formed(of)
    return of


def _sized(text: str, replicas: int, nodes: int) -> str:
    lines = []
    for line in text.splitlines():
        name = line.split("=")[0].strip()
        new = {"replicas": replicas, "nodes": nodes}.get(name)
        lines.append(line if new is None else f"  {name} = {new}")
    return "\n".join(lines)


def parts(of: Program) -> Iterator[tuple[str, CheckTemplate, Env]]:
    """Every part of every check that is asked for, for every kind of members; those that begin at different places are
    different kinds."""
    values = Values(of)
    for asked in of.asked:
        group = of.checks[asked.check]
        extra: Env = {} if group.parameter is None or asked.argument is None else {group.parameter: asked.argument}
        for part in group.parts:
            for env in kinds(values, part, placed=True):
                yield asked.check, part, {**env, **extra}
