"""What to write instead: changes of a manifest that the checker then decides, so that none is printed unproved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verifier.language import syntax as s
from verifier.language.program import Span, Version
from verifier.language.text import read_duration
from verifier.manifests import tree
from verifier.manifests.findings import GRACE_S
from verifier.manifests.platforms import BY_NAME, CONTROLLER, EVERY_NODE, LOCAL, NODES_BY_CHECK, NODES_WITH_PODS
from verifier.manifests.pods import Pod
from verifier.manifests.rules import amount
from verifier.manifests.translate import BALANCER, Setting, none_left, pod_entries, replicas

_SLEEP_FROM = Version(1, 30)
_SURGE_FROM = Version(1, 22)
_AFTER_HOOK_MS = 30_000
_LEAST_AFTER_HOOK_MS = 15_000


@dataclass(frozen=True, slots=True)
class Repair:
    """A changed scenario, what to write for it and where. `group`: the same advice for many workloads."""

    scenario: s.Scenario
    text: str
    span: Span
    group: str


@dataclass(frozen=True, slots=True)
class _Change:
    text: str
    span: Span
    group: str
    gives: tuple[tree.Entry, ...]
    takes: frozenset[str] = frozenset()
    budget: int | None = None  # pods that a disruption budget protects
    drops: str = ""  # a block that is left out
    block: str = "deployment"  # what it changes


def repair_of(of: Setting, scenario: s.Scenario) -> Repair | None:
    """All changes that this workload lacks, together; None if it lacks none of those that hitless knows.

    Pods that run now have the old template, so the repaired scenario is that of the rollout after the next.
    """
    changes = list(_changes(of))
    if not changes:
        return None if of.old is None else _next_rollout(of, scenario)
    items: list[s.ScenarioItem] = []
    dropped = {"running"} | {change.drops for change in changes}
    for item in scenario.items:
        if isinstance(item, s.BlockNode) and item.name.text in dropped:
            continue
        if isinstance(item, s.BlockNode) and item.name.text == "what_if":
            item = _protected(item, changes)
        here = [change for change in changes if isinstance(item, s.BlockNode) and item.name.text == change.block]
        if isinstance(item, s.BlockNode) and here:
            given = tuple(entry for change in here for entry in change.gives)
            names = {entry.name.text for entry in given} | {name for change in here for name in change.takes}
            kept = tuple(entry for entry in item.entries if entry.name.text not in names)
            item = replace(item, entries=(*kept, *given))
        items.append(item)
    text = "; ".join(change.text for change in changes)
    group = " and ".join(change.group for change in changes)
    return Repair(s.Scenario(tuple(items)), text, changes[0].span, group)


def _next_rollout(of: Setting, scenario: s.Scenario) -> Repair:
    """Nothing is to be changed: what this rollout loses, the pods that run now lose by their own template."""
    assert of.old is not None
    items = tuple(i for i in scenario.items if not (isinstance(i, s.BlockNode) and i.name.text == "running"))
    text = "nothing in the manifest: the pods that run now were made without it, the next rollout is SAFE"
    return Repair(s.Scenario(items), text, of.old[0].root.head, "the template of the pods that run now")


def _changes(of: Setting) -> Iterator[_Change]:
    pod, here = of.pod, of.pod.container.head
    yield from _service_later(of)
    if _event(of) == "drain":
        yield from _budget(of)
    if _event(of) in ("", "bad_image"):
        strategy = {"DaemonSet": _per_node, "StatefulSet": _one_by_one}.get(of.pair.workload.kind, _strategy)
        yield from strategy(of)
    if pod.probe("readinessProbe") is None:
        port = f" on port {pod.port}" if pod.port is not None else ""
        probe = tree.block("readiness_probe", None, [], here)
        yield _Change(f"add a readinessProbe{port}", here, "no readiness probe", (probe,))
    elif (entry := _asks_another_port(pod)) is not None:
        yield entry
    if not _event(of):
        yield from _waits_for_balancer(of)
    yield from _hook(of)


def _service_later(of: Setting) -> Iterator[_Change]:
    """A Service that changes with its workload: later, if the new pods are there for the old one too; else no fix is
    known, and what is tried stays as it is."""
    block = next((block for block in of.happens if block.name.text == "applied_service"), None)
    if block is None:
        return
    later = all(entry.name.text.startswith("old_") for entry in block.entries)
    text = "apply the Service in a second step, once no old pod is left"
    yield _Change(text, block.span, "the Service changes in the same apply", (), drops=block.name.text if later else "")


def _what_if(of: Setting) -> s.BlockNode | None:
    return next((block for block in of.happens if block.name.text == "what_if"), None)


def _event(of: Setting) -> str:
    """The event in the models' word; empty: a rollout."""
    block = _what_if(of)
    entries = block.entries if block is not None else ()
    words = (e.value for e in entries if isinstance(e, s.Assignment) and e.name.text == "event")
    return next((word.path for word in words if isinstance(word, s.Reference)), "")


def _budget(of: Setting) -> Iterator[_Change]:
    """A drain that takes every pod at once: a budget that leaves all but one, with at least two."""
    event = _what_if(of)
    assert event is not None
    count, span = replicas(of.pair.workload, of.pair.autoscaler)
    if count > 1 and any(e.name.text == "budget" for e in event.entries):
        return
    more = [tree.entry("replicas", tree.number(2, span), span)] if count < 2 else []
    text = "a PodDisruptionBudget with maxUnavailable: 1"
    words = f"replicas: 2, and {text}" if more else f"add {text}"
    group = "one replica" if more else "no budget for disruptions"
    yield _Change(words, span, group, tuple(more), budget=max(count, 2) - 1)


def _protected(block: s.BlockNode, changes: list[_Change]) -> s.BlockNode:
    """The event with the budget that a change adds."""
    given = next((change for change in changes if change.budget is not None), None)
    if given is None or given.budget is None:
        return block
    budget = tree.block(
        "budget", None, [tree.entry("healthy", tree.number(given.budget, given.span), given.span)], given.span
    )
    kept = [entry for entry in block.entries if entry.name.text != "budget"]
    return replace(block, entries=(*kept, budget))


def _hook(of: Setting) -> Iterator[_Change]:
    """A preStop that outlasts every request that may still come, and those in flight if SIGTERM ends them; a grace
    period that leaves time for the others."""
    lag, pod = _lag_ms(of), of.pod
    if lag is None:
        return
    hook, grace = pod.hook("preStop"), (pod.spec.number("terminationGracePeriodSeconds") or GRACE_S) * 1000
    longest, drains = _in_flight(of)
    enough = lag + (0 if drains else longest)
    runs = hook.exact and (hook.kind != "exec" or pod.has_shell)
    short, needed = (
        not runs or hook.known_ms <= enough,
        max(-(-(enough + 1) // 1000) * 1000, hook.known_ms if runs else 0),
    )
    least = max(needed + _LEAST_AFTER_HOOK_MS, lag + longest + 1000) if short or drains else 0
    if not short and grace >= least:
        return
    span = pod.container.at("lifecycle", "preStop") if hook.node is not None else pod.container.head
    native = of.kubernetes >= _SLEEP_FROM
    seconds = needed // 1000
    gives, text = [], []
    if short:
        word = "sleep" if native else "exec"
        gives.append(tree.entry("pre_stop", tree.chosen(word, tree.duration(needed, span), span), span))
        body = f"sleep: {{seconds: {seconds}}}" if native else f'exec: {{command: [sleep, "{seconds}"]}}'
        text.append(f"lifecycle: {{preStop: {{{body}}}}}")
    if grace < least:
        wanted = max(needed + _AFTER_HOOK_MS, least)
        gives.append(tree.entry("termination_grace_period", tree.duration(wanted, span), span))
        text.append(f"terminationGracePeriodSeconds: {wanted // 1000}")
    group = "no preStop" if hook.kind == "none" else "preStop too short" if short else "grace period too short"
    yield _Change(" and ".join(text), span, group, tuple(gives))


def _in_flight(of: Setting) -> tuple[int, bool]:
    """(how long the longest request takes, 0 if nobody says; does the application finish it after SIGTERM?)."""
    said = {entry.name.text: entry.value for entry in of.app if isinstance(entry, s.Assignment)}
    longest = _latest(said["longest_request"]) if "longest_request" in said else 0
    behaviour = said.get("on_sigterm")
    return longest or 0, not (isinstance(behaviour, s.Reference) and behaviour.path == "exits")


def _waits_for_balancer(of: Setting) -> Iterator[_Change]:
    """An old pod may go only when the balancer sends to the new one: minReadySeconds, unless a gate waits for that."""
    added, gated = _added_ms(of), of.gate == "healthy"
    root = of.pair.workload.root
    if added is None or gated or (root.number("spec", "minReadySeconds") or 0) * 1000 > added + 1000:
        return
    seconds = -(-added // 1000) + 2
    span = root.at("spec", "minReadySeconds")
    entry = tree.entry("min_ready", tree.duration(seconds * 1000, span), span)
    yield _Change(f"minReadySeconds: {seconds}", span, "old pods go before the balancer sends to new ones", (entry,))


def _asks_another_port(pod: Pod) -> _Change | None:
    """A readiness probe on a port that is not served: the same probe on the one that is."""
    block = next((e for e in pod_entries(pod) if isinstance(e, s.BlockNode) and e.name.text == "readiness_probe"), None)
    if block is None or all(entry.name.text != "port" for entry in block.entries):
        return None
    served = tree.block("readiness_probe", None, [e for e in block.entries if e.name.text != "port"], block.span)
    return _Change(f"let the readinessProbe ask port {pod.port}", block.span, "a probe on another port", (served,))


def _strategy(of: Setting) -> Iterator[_Change]:
    """A rollout that leaves no pod: Recreate, or as many unavailable as there are."""
    root = of.pair.workload.root
    count, _ = replicas(of.pair.workload, of.pair.autoscaler)
    unavailable = amount(root.get("spec", "strategy", "rollingUpdate", "maxUnavailable")) or (25, True)
    most = unavailable[0] * count // 100 if unavailable[1] else unavailable[0]
    surge = amount(root.get("spec", "strategy", "rollingUpdate", "maxSurge")) or (25, True)
    recreate = root.text("spec", "strategy", "type") == "Recreate"
    if not recreate and most < count and (surge[0] > 0 or most > 0):
        return
    span = root.at("spec", "strategy", "type" if recreate else "rollingUpdate")
    gives = (
        tree.entry("max_surge", tree.number(1, span), span),
        tree.entry("max_unavailable", tree.number(0, span), span),
    )
    text = "strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}"
    yield _Change(text, span, "no pod is left meanwhile", gives, frozenset({"strategy"}))


def _per_node(of: Setting) -> Iterator[_Change]:
    """A DaemonSet that takes a node's old pod first, where a node needs its own pod or all go at once."""
    least, ports = none_left(of.pair.workload), (p for c in of.pod.spec.each("containers") for p in c.each("ports"))
    if least == 0 or (of.mode not in LOCAL and least < of.nodes):
        return
    if of.kubernetes < _SURGE_FROM or of.pod.spec.flag("hostNetwork") or any(p.number("hostPort") for p in ports):
        return  # the old pod has the port that the new one needs
    span = of.pair.workload.root.at("spec", "updateStrategy", "rollingUpdate")
    gives = (
        tree.entry("max_surge", tree.number(1, span), span),
        tree.entry("max_unavailable", tree.number(0, span), span),
    )
    text = "updateStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}"
    yield _Change(text, span, "a node's old pod goes first", gives, block="daemon_set")


def _one_by_one(of: Setting) -> Iterator[_Change]:
    """A StatefulSet of one pod, which goes before its successor comes: nothing can change the order."""
    count, span = of.count or replicas(of.pair.workload, of.pair.autoscaler)
    if count == 1:
        two = tree.entry("replicas", tree.number(2, span), span)
        yield _Change("replicas: 2, if the application can share its work", span, "a StatefulSet of one pod", (two,))


def _lag_ms(of: Setting) -> int | None:
    """How long requests may still come to a pod that was deleted: every bound on their way, at its largest."""
    written, rules = _bound(of, "endpoint_slice", "written_within"), _bound(of, "kube_proxy", "rules_within")
    stops = _bound(of, BALANCER, "stops_sending_within")
    directly = (written, stops)
    by_mode = {
        EVERY_NODE: (written, rules),
        BY_NAME: (written, _bound(of, "dns", "answers_kept_within")),
        NODES_WITH_PODS: (written, rules, stops),
        NODES_BY_CHECK: (written, rules, _checked_ms(of, "unhealthy"), stops),
    }
    ways = by_mode.get(of.mode, directly)
    return None if None in ways else sum(ms for ms in ways if ms is not None)


def _added_ms(of: Setting) -> int | None:
    """How long the balancer may take until it sends to a new backend: what a pod has to be Ready for before an old one
    may go. None where every node is a backend, or what sends takes over
    its whole list at once."""
    if of.mode in (EVERY_NODE, CONTROLLER, BY_NAME):
        return None
    parts = (
        _bound(of, "endpoint_slice", "written_within"),
        _bound(of, "kube_proxy", "rules_within") if of.mode in LOCAL else 0,
        _bound(of, BALANCER, "starts_sending_within"),
        _checked_ms(of, "healthy"),
    )
    return None if None in parts else sum(part for part in parts if part is not None)


def _checked_ms(of: Setting, threshold: str) -> int | None:
    """How long the balancer's health check takes at most to find out; 0 if it has none."""
    balancer = next((b for b in of.cluster if b.name.text == BALANCER), None)
    entries = balancer.entries if balancer is not None else ()
    check = next((e for e in entries if isinstance(e, s.BlockNode) and e.name.text == "health_check"), None)
    numbers = {e.name.text: e.value for e in check.entries if isinstance(e, s.Assignment)} if check is not None else {}
    interval, timeout = (_latest(numbers[n]) if n in numbers else 0 for n in ("interval", "timeout"))
    times = numbers.get(threshold)
    number = int(times.text) if isinstance(times, s.Constant) and times.text.isdigit() else 1
    return None if interval is None or timeout is None else number * interval + timeout


def _bound(of: Setting, block: str, name: str) -> int | None:
    """The largest value of a bound of the platform."""
    found = next((b for b in of.cluster if b.name.text == block), None)
    entry = next((e for e in found.entries if e.name.text == name), None) if found is not None else None
    return _latest(entry.value) if isinstance(entry, s.Assignment) else None


def _latest(value: s.Expression) -> int | None:
    last = value.args[1] if isinstance(value, s.Operation) and value.op == ".." else value
    ms = read_duration(last.text) if isinstance(last, s.Constant) else None
    return ms if isinstance(ms, int) else None
