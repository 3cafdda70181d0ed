"""Reads TChecker's text and UPPAAL's XML as far as the exports use them, and searches them tick by tick for a place.

Written from the descriptions of the two formats, apart from the exporter, so that what the exported files mean can be
compared with what the system means.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass, field

Values = dict[str, int]


@dataclass
class Process:
    initial: str = ""
    committed: set[str] = field(default_factory=set)
    invariant: dict[str, str] = field(default_factory=dict)
    edges: list[tuple[str, str, str, str, str]] = field(default_factory=list)  # source, target, event, guard, update


@dataclass
class Network:
    """`shared`: events that two processes take together."""

    processes: dict[str, Process] = field(default_factory=dict)
    integers: Values = field(default_factory=dict)
    clocks: list[str] = field(default_factory=list)
    shared: dict[str, list[str]] = field(default_factory=dict)
    bad: str = ""

    def reaches(self, states_max: int) -> bool:
        """Whether `bad` is reached, clocks standing still above every constant."""
        constants = [int(n) for n in re.findall(r"x\d+ [<>]= (\d+)", " ".join(self._texts()))]
        top = max(constants, default=0) + 1
        names = list(self.processes)
        first = (tuple(p.initial for p in self.processes.values()), tuple(sorted(self._start().items())))
        seen, todo = {first}, [first]
        while todo:
            places, values = todo.pop()
            at, now = dict(zip(names, places, strict=True)), dict(values)
            if at["main"] == self.bad:
                return True
            for after_at, after in self._following(at, now, top):
                key = (tuple(after_at[name] for name in names), tuple(sorted(after.items())))
                if key not in seen:
                    if len(seen) > states_max:
                        raise OverflowError
                    seen.add(key)
                    todo.append(key)
        return False

    def _texts(self) -> list[str]:
        found = [guard for p in self.processes.values() for *_, guard, _ in p.edges]
        return found + [text for p in self.processes.values() for text in p.invariant.values()]

    def _start(self) -> Values:
        return {**self.integers, **dict.fromkeys(self.clocks, 0)}

    def _following(self, at: dict[str, str], now: Values, top: int) -> list[tuple[dict[str, str], Values]]:
        found = []
        committed = any(at[name] in p.committed for name, p in self.processes.items())
        for name, process in self.processes.items():
            for source, target, event, guard, update in process.edges:
                if at[name] != source or not holds(guard, now):
                    continue
                partners = [n for n in self.shared.get(event, []) if n != name]
                if event in self.shared and name != "main":
                    continue
                if committed and at[name] not in process.committed:
                    continue
                after_at, after = {**at, name: target}, assigned(update, now)
                for partner in partners:
                    options = [e for e in self.processes[partner].edges if (e[0], e[2]) == (at[partner], event)]
                    if not options:
                        break
                    (edge,) = options
                    after_at[partner], after = edge[1], assigned(edge[4], after)
                else:
                    if self._allowed(after_at, after):
                        found.append((after_at, after))
        later = {n: min(v + 1, top) if n in self.clocks else v for n, v in now.items()}
        if not committed and self._allowed(at, later):
            found.append((at, later))
        return found

    def _allowed(self, at: dict[str, str], now: Values) -> bool:
        return all(holds(p.invariant.get(at[name], ""), now) for name, p in self.processes.items())


def holds(text: str, now: Values) -> bool:
    return not text or bool(compiled(text)(now))


_known: dict[str, Callable[[Values], int]] = {}


def compiled(text: str) -> Callable[[Values], int]:
    """The one condition that both languages' forms become in Python."""
    if text not in _known:
        python = text.replace("(if ", "((").replace(" then 1 else 0)", ") and 1 or 0)")
        python = re.sub(r"\? 1 : 0", "and 1 or 0", python).replace("&&", " and ").replace("||", " or ")
        python = re.sub(r"!(?!=)", " not ", python).replace("true", "True").replace("false", "False")
        code = compile(python.strip(), text, "eval")
        _known[text] = lambda now: eval(code, {}, now)
    return _known[text]


def assigned(text: str, now: Values) -> Values:
    after = dict(now)
    for one in re.split(r"[;,]", text) if text else ():
        name, value = one.split(" = ")
        after[name.strip()] = int(value) if value.strip().isdigit() else after[value.strip()]
    return after


def from_tchecker(text: str) -> Network:
    net, labels = Network(), {}
    for line in text.splitlines():
        head, _, attributes = line.partition("{")
        kind, *words = head.split("#")[0].split(":")
        given = dict(re.findall(r"(\w+): ?((?:(?! : \w+:).)*)", attributes.rstrip("}")))
        match kind, words:
            case "process", [name]:
                net.processes[name] = Process()
            case "int", ["1", _, _, initial, name]:
                net.integers[name] = int(initial)
            case "clock", ["1", name]:
                net.clocks.append(name)
            case "location", [process, place]:
                if "initial" in given:
                    net.processes[process].initial = place
                if "committed" in given:
                    net.processes[process].committed.add(place)
                net.processes[process].invariant[place] = given.get("invariant", "")
                labels[given.get("labels", "")] = place
            case "edge", [process, source, target, event]:
                edge = (source, target, event, given.get("provided", ""), given.get("do", ""))
                net.processes[process].edges.append(edge)
            case "sync", both:
                names = [one.split("@") for one in both]
                assert len({event for _, event in names}) == 1
                net.shared[names[0][1]] = [process for process, _ in names]
    net.bad = labels["violated"]
    return net


def from_uppaal(text: str) -> Network:
    net = Network()
    root = ElementTree.fromstring(text)
    declared = root.findtext("declaration") or ""
    for name, initial in re.findall(r"int\[0,\d+\] (\w+) = (\d+);", declared):
        net.integers[name] = int(initial)
    net.clocks = re.findall(r"clock (\w+);", declared)
    for template in root.iter("template"):
        name = (template.findtext("name") or "").lower()
        process = net.processes[name] = Process()
        places = {one.get("id"): one.findtext("name") or "" for one in template.iter("location")}
        for one in template.iter("location"):
            place = places[one.get("id")]
            process.invariant[place] = one.findtext("label") or ""
            if one.find("committed") is not None:
                process.committed.add(place)
        init = template.find("init")
        assert init is not None
        process.initial = places[init.get("ref")]
        for one in template.iter("transition"):
            labels = {label.get("kind"): label.text or "" for label in one.iter("label")}
            ends = [places[end.get("ref")] for kind in ("source", "target") if (end := one.find(kind)) is not None]
            event = labels.get("synchronisation", "").rstrip("!?")
            process.edges.append((ends[0], ends[1], event, labels.get("guard", ""), labels.get("assignment", "")))
            if event:
                net.shared.setdefault(event, ["main", name] if name != "main" else ["main"])
                if name not in net.shared[event]:
                    net.shared[event].append(name)
    net.bad = "bad"
    assert "E<> main.bad" in (root.findtext("queries/query/formula") or "")
    return net
