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
BALANCER = "../load_balancers/load_balancer"


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
           ("(LocalPods[n] is ready seen by Slice) seen", "LocalPods[n] is ready seen"),
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
           " and not has_ready(n)", "",
           "04a-pre-stop-11", "UNSAFE"),
    # the balancer, requests and checks
    defect("the balancer sends nothing", "../load_balancers/load_balancer",
           "by_nodes and (not by_nodes_with_pods or (if",
           "by_nodes and (healthy(n) and by_nodes_with_pods or by_nodes_with_pods and (if",
           "15a-longest-request-34", "VACUOUS"),
    defect("a request is answered at once", "requests",
           '"{p} has answered"                      within app.longest_request[p]',
           '"{p} has answered"                      immediately',
           "05b-blog-50", "SAFE"),
    defect("capacity asks for one more", "requests",
           "count p: Pod (available(p)) < k", "count p: Pod (available(p)) <= k",
           "rounding", "UNSAFE"),
    # the balancer's own ways: what it adds and removes, its health check, what it cuts
    defect("a used up quota changes nothing", BALANCER,
           " and load_balancer.node_ports < load_balancer.quota", "",
           "16b-local-at-quota", "SAFE"),
    defect("the balancer always removes first", BALANCER, "let add_first     =", "let add_first     = false and",
           "16c-local-below-quota", "UNSAFE"),
    defect("a new pod needs no health check", BALANCER,
           "RegisteredPod[p] is yes and (load_balancer.health_check is not given or PodHealth[p] is healthy)",
           "RegisteredPod[p] is yes",
           "12c-eni-gate-registered", "SAFE"),
    defect("the health check of a pod never passes", BALANCER,
           "when RegisteredPod[p] is yes and accepts(p)       within",
           "when RegisteredPod[p] is no and accepts(p)       within",
           "12c-eni-min-ready", "UNSAFE"),
    defect("a gate for health opens on registration", BALANCER,
           "else pod_is_healthy(p)", "else RegisteredPod[p] is yes",
           "12c-eni-gate-healthy", "UNSAFE"),
    defect("Ready does not wait for the gate", "probes",
           "Ready[p] is yes and (deployment.readiness_gate[p] is none or Gate[p] is open)", "Ready[p] is yes",
           "12c-eni-gate-healthy", "UNSAFE"),
    defect("draining cuts at once", BALANCER,
           "when RegisteredPod[p] is no    within load_balancer.drain.time",
           "when RegisteredPod[p] is no    immediately",
           "12d-eni-drain-on", "UNSAFE"),
    defect("removal cuts nothing", BALANCER,
           "when RegisteredPod[p] is no    within load_balancer.drain.time",
           "when RegisteredPod[p] is no and Pod[p] is gone   within load_balancer.drain.time",
           "12d-eni-drain-off", "SAFE"),
    defect("every node is a backend of policy Local", BALANCER,
           "let by_nodes_with_pods = by_nodes and service.external_traffic_policy is Local",
           "let by_nodes_with_pods = false",
           "10d-daemon-set-no-surge", "SAFE"),
    # all nodes registered, and a health check that asks kube-proxy for ready pods
    defect("the health check counts pods that terminate", "kube_proxy",
           "(LocalPods[n] is ready seen", "(LocalPods[n] is {ready, terminating} seen",
           "ready-pods", "UNSAFE"),
    defect("the health check asks the slice, not the rules", "kube_proxy",
           "(LocalPods[n] is ready seen by Slice) seen by Rules[n]", "LocalPods[n] is ready seen by Slice",
           "ready-pods", "UNSAFE"),
    defect("kube-proxy's 503 is waited for like no answer", BALANCER,
           "(if asks_ready_pods then refuses_within else fails_within)", "fails_within",
           "ready-pods", "UNSAFE"),
    defect("a verdict has its effect at once", BALANCER,
           "when Health[n] is unhealthy   within latest(load_balancer.stops_sending_within)",
           "when Health[n] is unhealthy   immediately",
           "ready-pods-tie", "SAFE"),
    defect("nodes without pods begin healthy", BALANCER,
           "initially healthy if not registers_all or (may_be_backend(n) and has_candidate(n)), unhealthy",
           "initially healthy",
           "ready-pods", "UNSAFE", ("initially yes if may_be_backend(n) and has_candidate(n), no", "initially yes")),
    defect("all nodes get requests once they are registered", BALANCER,
           "else if registers_all then Sending[n] is yes", "else if registers_all then true",
           "ready-pods", "UNSAFE"),
    # which pods count, and where that takes effect
    defect("a balancer that counts pods that serve counts ready ones", BALANCER,
           "then has_serving(n)", "then (LocalPods[n] is ready seen by Slice)",
           "serving", "SAFE"),
    defect("a balancer counts what kube-proxy falls back to", BALANCER,
           "if falls_back then LocalPods[n]", "if true then LocalPods[n]",
           "serving-before-fallback", "SAFE"),
    defect("what takes effect in the rules does so before they are written", BALANCER,
           "(Registered[n] is yes) seen by Rules[n]", "Registered[n] is yes",
           "in-rules", "UNSAFE"),
    # kube-proxy under policy Local
    defect("policy Local sends to pods of other nodes", "kube_proxy",
           "let local(n: Node, p: Pod) = ", "let local(n: Node, p: Pod) = true or ",
           "local", "UNSAFE"),
    defect("a node's pods are those of all nodes", "kube_proxy",
           "ready       when Placement[p] is on(n) and ready(p)", "ready       when ready(p)",
           "local", "UNSAFE"),
    # the scheduler
    defect("required anti-affinity is only preferred", "scheduler",
           "(deployment.anti_affinity is none or no q", "(true or no q",
           "anti-affinity", "SAFE"),
    defect("every node has room", "scheduler", "(deployment.room is not given or count q", "(true or count q",
           "no-room", "SAFE"),
    defect("pods that have stopped hold their place", "scheduler",
           "Placement[q] is on(n) and Pod[q] is not gone\n", "Placement[q] is on(n)\n",
           "one-each", "STUCK"),
    defect("spread is only preferred", "scheduler", "(deployment.spread is none or every m", "(true or every m",
           "placement", "UNSAFE"),
    defect("required affinity is only preferred", "scheduler",
           "deployment.node_affinity is not required or", "true or",
           "placement", "UNSAFE"),
    defect("preferred affinity is required", "scheduler",
           "deployment.node_affinity is not required or", "deployment.node_affinity is none or",
           "placement-free", "SAFE"),
    # DaemonSets
    defect("a surge pod is not waited for", "daemon_set",
           "if node_surge > 0 then new_is_available(p) else may_go_first(p)",
           "if node_surge > 0 then true else may_go_first(p)",
           "daemon-set", "UNSAFE"),
    defect("without surge a node more may be without a pod", "daemon_set",
           "> cluster.nodes - node_unavailable\n", ">= cluster.nodes - node_unavailable\n",
           "daemon-set-first", "UNSAFE"),
    defect("without surge the new pod comes with the deletion", "daemon_set",
           "and Pod[q] is not gone)", "and Pod[q] is not {terminating, gone})",
           "daemon-set-first", "UNSAFE"),
    defect("without surge the new pod never comes", "daemon_set",
           "no q: Pod old (Placement[q] is on(n) and", "every q: Pod old (Placement[q] is on(n) and",
           "daemon-set-first", "STUCK"),
    defect("the old pods of a DaemonSet are where a Deployment's would be", "scheduler",
           "if p is old and daemon_set is not given,", "if p is old,",
           "daemon-set", "UNSAFE"),
    # StatefulSets
    defect("the next pod goes before the successor is available", "stateful_set",
           "(settled(q) seen by Status)", "(Pod[q] is not absent)",
           "stateful-set", "UNSAFE"),
    defect("two pods go at once", "stateful_set",
           " >= deployment.replicas\n", " >= deployment.replicas - 1\n",
           "stateful-set", "UNSAFE"),
    defect("the successor comes with the deletion", "stateful_set",
           "count q: Pod old (Removed[q] is yes)", "count q: Pod old (Pod[q] is not running)",
           "stateful-set", "UNSAFE"),
    defect("the successor comes when the old pod has stopped", "stateful_set",
           "count q: Pod old (Removed[q] is yes)", "count q: Pod old (Pod[q] is gone)",
           "stateful-set", "UNSAFE"),
    defect("the successor never comes", "stateful_set",
           "when Pod[p] is gone and", "when Pod[p] is running and",
           "stateful-set", "STUCK"),
    defect("the partition is not kept", "stateful_set",
           "> deployment.replicas - stateful_set.replaced and", "> 0 and",
           "stateful-set-partition", "UNSAFE"),
    defect("one more pod stays old than the partition says", "stateful_set",
           "> deployment.replicas - stateful_set.replaced and", "> deployment.replicas - stateful_set.replaced + 1 and",
           "stateful-set-partition", "STUCK"),
    defect("minReadySeconds counts on every version", "stateful_set",
           "if cluster.kubernetes >= v1.23 then", "if cluster.kubernetes >= v1.1 then",
           "stateful-set-1.22", "SAFE"),
    # restarts and the deadline
    defect("the crash loop ends well", "app", "back_off(3) -> crash_loop ", "back_off(3) -> listening ",
           "13a-liveness-unavailable-0", "SAFE"),
    defect("a new pod is no progress", "progress",
           "(Noted[p] is nothing and begins(p)) or\n", "",
           "13d-slow-within-the-deadline", "UNSAFE"),
    defect("the deadline waits for ever", "progress",
           "when not complete and no p: Pod (progress(p))", "when not complete and every p: Pod (Noted[p] is nothing)",
           "13c-progress-deadline", "SAFE"),
    defect("a rollout is complete before the old pods go", "progress",
           "let complete = every p: Pod (if p is old then Pod[p] is {terminating, gone} else available(p))",
           "let complete = every p: Pod (p is old or available(p))",
           "in-time-tie", "SAFE"),
    # a node that joins
    defect("a new backend gets requests before its first check", "node_join", " or forwards or\n", " or true or\n",
           "node-join-port", "UNSAFE"),
    defect("a new backend is checked though nothing is waited for", "node_join",
           "new_backend.waits_for is nothing or forwards", "forwards",
           "node-join-tie", "SAFE"),
    defect("kube-proxy says early that it is healthy", "node_join",
           "0s..min(new_node.answers_before, latest(new_node.first_rules_within))", "new_node.first_rules_within",
           "node-join-kube-proxy", "UNSAFE"),
    defect("kube-proxy has rules when it first answers", "node_join",
           "within 0s..min(new_node.answers_before, latest(new_node.first_rules_within))", "immediately",
           "node-join-early-client", "SAFE",
           ("0s..max(latest(new_node.first_rules_within) - new_node.answers_before, 0s)", "0s..1s")),
    defect("a pod waits for kube-proxy", "node_join",
           '"a pod on the new node sends a request"   within',
           '"a pod on the new node sends a request"   when NewProxy is has_rules   within',
           "node-join-early-client", "SAFE"),
    defect("kube-proxy is never waited for", "node_join",
           "(NewProxy is answers and\n", "(true and\n",
           "node-join-kube-proxy", "UNSAFE"),
    defect("policy Local: a node without pods passes the check", "node_join",
           "waits_for is kube_proxy and not by_nodes_with_pods)", "waits_for is kube_proxy)",
           "node-join-local", "UNSAFE"),
    defect("policy Local: the new node forwards to pods elsewhere", "node_join",
           "NewProxy is has_rules and not by_nodes_with_pods\n", "NewProxy is has_rules\n",
           "node-join-local", "UNSAFE"),
    defect("a check that fails has its effect at once", "node_join",
           "within new_backend.unchecked.time", "immediately",
           "node-join-taken-out-tie", "SAFE"),
    defect("a check that fails has no effect", "node_join",
           "new_backend.unchecked is lasts and", "new_backend.unchecked is for_ever and",
           "node-join-taken-out", "UNSAFE"),
    defect("old versions hold no ports open", "node_join", "cluster.kubernetes < v1.25", "cluster.kubernetes < v1.1",
           "node-join-1.24", "SAFE"),
    defect("every version holds ports open", "node_join", "cluster.kubernetes < v1.25", "cluster.kubernetes > v1.25",
           "node-join-port", "UNSAFE"),
    defect("nobody ever sends to the new node", "node_join",
           'when becomes_backend   within', 'when not becomes_backend   within',
           "node-join-port", "VACUOUS"),
    # names of headless Services
    defect("a client keeps an answer for ever", "headless", "\n  stale at most dns.answers_kept_within", "",
           "headless", "UNSAFE"),
    defect("a client never keeps an answer", "headless", "stale at most dns.answers_kept_within", "stale at most 0s",
           "headless-tie", "SAFE"),
    defect("names list pods that terminate", "headless", "  ready(p) or (", "  endpoint(p) or (",
           "headless", "UNSAFE"),
    defect("names list only what is Ready, whatever is published", "headless",
           "service.publish_not_ready_addresses is yes and", "false and",
           "headless-not-ready", "SAFE"),
    defect("a request by name is answered at once", "headless",
           "within app.longest_request[p]", "immediately",
           "headless-tie", "SAFE"),
    # checks of their own
    defect("the quota is used up one port too early", "requests",
           "load_balancer.node_ports > load_balancer.quota", "load_balancer.node_ports >= load_balancer.quota",
           "quota", "UNSAFE"),
    defect("policy Cluster keeps the source address", "requests",
           "when by_nodes and not by_nodes_with_pods\n", "when by_pods\n",
           "quota", "SAFE"),
    defect("nodes without the label are backends too", BALANCER,
           "let may_be_backend(n: Node) = ", "let may_be_backend(n: Node) = true or ",
           "labelled-slots", "UNSAFE"),
    defect("new pods need no backend slots of their own", "comparisons",
           "min(may_be_backends, deployment.running_on + deployment.replicas)", "deployment.running_on",
           "slots", "UNSAFE"),
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


LONG = {
    "nodes without the label are backends too",
    "pods that have stopped hold their place",
    "policy Local sends to pods of other nodes",
}


@pytest.mark.parametrize(
    "wrong",
    [pytest.param(d, id=d.name, marks=[pytest.mark.slow] if d.name in LONG else []) for d in DEFECTS],
)
def test_a_defect_changes_a_verdict(wrong: Defect, tmp_path: Path) -> None:
    file = copied(tmp_path) / "kubernetes" / f"{wrong.file}.model"
    file.write_text(changed(file.read_text("utf-8"), *wrong.changes), "utf-8")
    found = verdicts(program(source(wrong.case).read_text("utf-8"), tmp_path))
    before = expected(wrong.case)
    assert found != before
    assert wrong.verdict in [found[check] for check in before if found[check] != before[check]]
