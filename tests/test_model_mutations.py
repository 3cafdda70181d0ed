"""One defect in one component of the models changes at least one verdict: of a blog case or, where none
can see it, of a scenario in tests/golden/mutations/.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from cases import BLOG, ROOT, changed, program, verdicts

OWN = Path(__file__).parent / "golden" / "mutations"


@dataclass(frozen=True)
class Defect:
    """`changes` to `file` (each has exactly one place there) make `case` say `verdict` instead of what it expects."""

    name: str
    file: str
    changes: tuple[tuple[str, str], ...]
    case: str
    verdict: str


def defect(name: str, file: str, old: str, new: str, case: str, verdict: str, *more: tuple[str, str]) -> Defect:
    return Defect(name, file, ((old, new), *more), case, verdict)


DEFECTS = [
    # the kubelet
    defect("SIGTERM before preStop ends", "kubelet", "within min(pre_stop_time(p), grace(p))", "immediately",
           "04a-pre-stop-11", "UNSAFE"),
    defect("preStop may outlast the grace period", "kubelet", "min(pre_stop_time(p), grace(p))", "pre_stop_time(p)",
           "06d-slow-rules", "SAFE"),
    defect("a hook that fails is waited for", "kubelet",
           "if deployment.pre_stop[p] is exec and not app.has_shell[p] then 0s else ", "",
           "hook-fails", "SAFE"),
    defect("the grace period begins with SIGTERM", "kubelet",
           "when Termination[p] is not none   within grace(p)", "when Termination[p] is sigterm   within grace(p)",
           "05b-blog-50", "SAFE"),
    defect("the grace period is counted twice", "kubelet",
           "within grace(p)..grace(p) + 1s", "within grace(p) + grace(p)..grace(p) + grace(p) + 1s",
           "15b-longest-request-35", "SAFE"),
    defect("no two seconds between SIGTERM and SIGKILL", "kubelet",
           "Grace[p] is over and Floor[p] is over", "Grace[p] is over",
           "06a-pre-stop-is-grace-21", "UNSAFE"),
    defect("never a SIGKILL", "kubelet",
           "Grace[p] is over and Floor[p] is over", "Grace[p] is over and Pod[p] is absent",
           "05b-blog-50", "SAFE"),
    defect("termination waits until the pod is not Ready", "kubelet",
           "when Pod[p] is terminating ", "when Pod[p] is terminating and Ready[p] is no ",
           "03a-no-pre-stop", "SAFE"),
    # the application
    defect("the listener closes when it likes", "app",
           "within app.on_sigterm[p].time + app.close_listener[p]", "within app.on_sigterm[p].time",
           "04c-pre-stop-10-closes-later", "UNSAFE"),
    defect("nobody serves after SIGTERM", "app",
           "within app.on_sigterm[p].time + app.close_listener[p]", "within app.close_listener[p]",
           "03b-serves-after-sigterm", "UNSAFE"),
    defect("an application that exits drains first", "app", "is {drains, serves}", "is {drains, serves, exits}",
           "05d-blog-exits-20", "SAFE", ("app.on_sigterm[p] is exits ", "app.on_sigterm[p] is ignores ")),
    # probes
    defect("readiness does not ask the application", "probes", " and answers_readiness(p)\n", "\n",
           "02a-readiness-probe", "UNSAFE"),
    defect("a probe of another port asks the served one", "probes",
           "if deployment.readiness_probe.port[p] is other then ProbePort[p] is open else accepts(p)", "accepts(p)",
           "02b-probe-on-another-port", "SAFE"),
    defect("Ready without a probe waits for the listener", "probes",
           "Process[p] is {starting, listening}\n    immediately", "Process[p] is listening\n    immediately",
           "01-no-readiness-probe", "SAFE"),
    defect("Terminating is NotReady at once", "probes",
           'yes(k) -> no(k + 1)  "the readiness probe of {p} fails"',
           'yes(k) -> no(k + 1)  "the pod terminates"  when Pod[p] is terminating   immediately\n'
           '  yes(k) -> no(k + 1)  "the readiness probe of {p} fails"',
           "fallback", "UNSAFE"),
    defect("readiness does not wait for the startup probe", "probes",
           "let past_startup(p: Pod) =", "let past_startup(p: Pod) = true or",
           "startup", "UNSAFE"),
    defect("the startup probe never fails", "probes",
           "and Pod[p] is running and Startup[p] is waiting", "and Pod[p] is absent and Startup[p] is waiting",
           "startup-fails", "SAFE"),
    defect("the liveness probe never fails", "probes",
           "past_startup(p) and not answers_liveness(p)", "past_startup(p) and Pod[p] is absent",
           "no-min-ready", "SAFE"),
    defect("a container that is restarted stays Ready", "probes",
           "when Process[p] is {back_off, crash_loop}   within", "when Pod[p] is absent   within",
           "no-min-ready", "SAFE"),
    # the Deployment controller and the ReplicaSets
    defect("the old ReplicaSet shrinks before a new pod is available", "deployment",
           "count q: Pod new (available(q) seen by Status) >", "count q: Pod new (Pod[q] is not absent) >",
           "one-replica", "UNSAFE"),
    defect("more pods are deleted than were given up", "deployment",
           "count q: Pod old (Pod[q] is running) > count q: Pod old (Share[q] is kept) and\n", "true and\n",
           "one-replica", "UNSAFE"),
    defect("Recreate creates at once", "deployment", "every q: Pod old (Pod[q] is gone)", "true",
           "recreate", "SAFE"),
    defect("minReadySeconds is ignored", "deployment",
           " and (deployment.min_ready == 0s or MinReady[p] is over)", "",
           "min-ready", "UNSAFE"),
    defect("the surge is rounded down", "deployment",
           "round_up(deployment.max_surge", "round_down(deployment.max_surge",
           "rounding", "UNSAFE"),
    defect("unavailable is rounded up", "deployment",
           "round_down(deployment.max_unavailable", "round_up(deployment.max_unavailable",
           "rounding", "UNSAFE"),
    defect("0 and 0 stays 0", "deployment", "rounded == 0 then 1 else", "rounded == 0 then 0 else",
           "both-zero", "SAFE"),
    defect("the new ReplicaSet grows by one too many", "deployment",
           "< deployment.replicas + surge", "<= deployment.replicas + surge",
           "pods-at-once", "UNSAFE"),
    defect("a pod is gone before it has stopped", "deployment",
           "when Process[p] is {drained, stopped, killed}  ", "when Process[p] is not absent  ",
           "fallback", "UNSAFE"),
    # the slice and kube-proxy
    defect("the slice is always up to date", "endpoint_slice",
           "stale at most endpoint_slice.written_within", "stale at most 0s",
           "04b-pre-stop-10", "SAFE"),
    defect("a terminating pod stays ready in the slice", "endpoint_slice",
           "Pod[p] is running and ready_condition(p)", "Pod[p] is {running, terminating} and ready_condition(p)",
           "04a-pre-stop-11", "UNSAFE"),
    defect("rules read the pods before the slice is written", "kube_proxy",
           "view Rules[n: Node] of Slice", "view Rules[n: Node] of Pod, Ready, Gate, Placement, ServiceSpec",
           "04b-pre-stop-10", "SAFE",
           ("(usable(n, p) seen by Slice) seen by Rules[n]", "usable(n, p) seen by Rules[n]"),
           ("not served_port(p)) seen by Slice) seen", "not served_port(p))) seen"),
           ("(LocalPods[n] is {ready, terminating} seen by Slice) seen", "LocalPods[n] is {ready, terminating} seen"),
           ("(some p: Pod (endpoint(p)) seen by Slice) seen", "some p: Pod (endpoint(p)) seen")),
    defect("rules are always up to date", "kube_proxy", "stale at most kube_proxy.rules_within", "stale at most 0s",
           "04b-pre-stop-10", "SAFE"),
    defect("kube-proxy never falls back to terminating endpoints", "kube_proxy",
           "let falls_back = cluster.kubernetes >= v1.26", "let falls_back = cluster.kubernetes >= v9.99",
           "fallback", "UNSAFE"),
    defect("kube-proxy always falls back to terminating endpoints", "kube_proxy",
           "let falls_back = cluster.kubernetes >= v1.26", "let falls_back = cluster.kubernetes >= v1.1",
           "before-fallback", "SAFE"),
    defect("kube-proxy sends to terminating endpoints although some are ready", "kube_proxy",
           " and no q: Pod (local(n, q) and ready(q))", "",
           "04a-pre-stop-11", "UNSAFE"),
    # the balancer, requests and checks
    defect("the balancer sends nothing", "../load_balancers/load_balancer",
           "by_nodes and (not by_nodes_with_pods or healthy(n) or",
           "by_nodes and (healthy(n) and by_nodes_with_pods or",
           "15a-longest-request-34", "VACUOUS"),
    defect("a request is answered at once", "requests",
           '"{p} has answered"                      within app.longest_request[p]',
           '"{p} has answered"                      immediately',
           "05b-blog-50", "SAFE"),
    defect("capacity asks for one more", "requests",
           "count p: Pod (available(p)) < k", "count p: Pod (available(p)) <= k",
           "rounding", "UNSAFE"),
]  # fmt: skip


def source(case: str) -> Path:
    return next(folder / f"{case}.rollout" for folder in (OWN, BLOG) if (folder / f"{case}.rollout").is_file())


def expected(case: str) -> dict[str, str]:
    """The verdicts that the scenario's own first lines expect."""
    line = re.search(r"^// expect: (.*)$", source(case).read_text("utf-8"), re.MULTILINE)
    assert line is not None
    return dict(pair.rsplit(" ", 1) for pair in line[1].split("; "))


def copied(folder: Path) -> Path:
    """The models beside the scenario, where they go before those that come with hitless."""
    shutil.copytree(ROOT / "models", folder, dirs_exist_ok=True)
    shutil.copy(OWN / "observers.model", folder)
    return folder


@pytest.mark.parametrize("case", sorted(path.stem for path in OWN.glob("*.rollout")))
def test_scenario_of_its_own(case: str, tmp_path: Path) -> None:
    assert verdicts(program(source(case).read_text("utf-8"), copied(tmp_path))) == expected(case)


@pytest.mark.parametrize("wrong", DEFECTS, ids=[d.name for d in DEFECTS])
def test_a_defect_changes_a_verdict(wrong: Defect, tmp_path: Path) -> None:
    file = copied(tmp_path) / "kubernetes" / f"{wrong.file}.model"
    file.write_text(changed(file.read_text("utf-8"), *wrong.changes), "utf-8")
    found = verdicts(program(source(wrong.case).read_text("utf-8"), tmp_path))
    before = expected(wrong.case)
    assert found != before
    assert wrong.verdict in [found[check] for check in before if found[check] != before[check]]
