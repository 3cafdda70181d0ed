"""The system that is measured: a rolling update in a plain encoding, nothing folded away.

An old pod is told to stop, its process stops, and it is gone; a new one is created, its process starts, it is ready.
There is one pod more than wanted at most, and never fewer are ready than wanted (surge 1, unavailable 0). One view is
the slice that lists the pods; the rules of each node are a view of the slice, and send to every pod (Cluster mode).
"""

from __future__ import annotations

from verifier.system.ir import And, AtLeast, Check, Expr, In, Machine, Not, Or, Seen, Step, System, View


def rolling(pods: int, nodes: int) -> System:
    """`pods` old ones and as many new ones on `nodes` nodes."""
    old = [f"old-{i + 1}" for i in range(pods)]
    new = [f"new-{i + 1}" for i in range(pods)]
    ready = tuple(at("Ready", pod, "yes") for pod in (*old, *new))
    not_there = (*(at("Pod", pod, "terminating", "gone") for pod in old), *(at("Pod", pod, "absent") for pod in new))
    may_shrink, may_grow = AtLeast(pods + 1, ready), AtLeast(pods, not_there)
    machines: list[Machine] = []
    steps: list[Step] = []
    for pod in old:
        machines += [
            Machine(f"Pod[{pod}]", ("running", "terminating", "gone"), "running"),
            Machine(f"Process[{pod}]", ("listening", "closed"), "listening"),
            Machine(f"Ready[{pod}]", ("yes", "no"), "yes"),
        ]
        steps += [
            step("Pod", pod, "running", "terminating", may_shrink, 0, 1),
            step("Process", pod, "listening", "closed", at("Pod", pod, "terminating"), 3, 4),
            step("Pod", pod, "terminating", "gone", at("Process", pod, "closed"), 0, 1),
            step("Ready", pod, "yes", "no", at("Pod", pod, "terminating"), 0, 1),
        ]
    for pod in new:
        machines += [
            Machine(f"Pod[{pod}]", ("absent", "running"), "absent"),
            Machine(f"Process[{pod}]", ("starting", "listening"), "starting"),
            Machine(f"Ready[{pod}]", ("no", "yes"), "no"),
        ]
        steps += [
            step("Pod", pod, "absent", "running", may_grow, 0, 1),
            step("Process", pod, "starting", "listening", at("Pod", pod, "running"), 1, 2),
            step("Ready", pod, "no", "yes", at("Process", pod, "listening"), 0, 1),
        ]
    listed = tuple(machine.name for machine in machines if machine.name.startswith("Ready"))
    rules = [View(f"Rules[node-{i + 1}]", ("Slice",), 1) for i in range(nodes)]
    refused = [
        And((at("Process", pod, "closed"), Seen(view.name, Seen("Slice", at("Ready", pod, "yes")))))
        for view in rules
        for pod in old
    ]
    empty = [Not(AtLeast(1, tuple(Seen(view.name, Seen("Slice", one)) for one in ready))) for view in rules]
    check = Check("lost", "never", Or((*refused, *empty)))
    return System(1000, tuple(machines), (View("Slice", listed, 1), *rules), tuple(steps), (check,))


def at(kind: str, pod: str, *states: str) -> In:
    return In(f"{kind}[{pod}]", frozenset(states))


def step(kind: str, pod: str, source: str, target: str, guard: Expr, lo: int, hi: int) -> Step:
    name = f"{kind}[{pod}]"
    return Step(f"{name}: {source} -> {target}", name, source, target, guard, lo, hi)
