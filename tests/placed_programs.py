"""Random small programs in which members of one type are on members of another: states that are named by an index."""

from __future__ import annotations

import random

from verifier.language.load import load
from verifier.language.program import Program

# What `with_places` gives.
THINGS = """settings things "sizes" { old: size = 1 "x"  new: size = 1 "x"  nodes: size = 1 "x" }"""
DELAYS = ("", "", "immediately", "within 1s", "within 1s..2s", "after 1s")


class _Maker:
    def __init__(self, seed: int, timed: bool) -> None:
        self.random = random.Random(seed)
        self.timed = timed
        self.view = self.random.random() < 0.6
        self.begins = self.random.choice(("unset", "on(each things.nodes) if p is old, unset", "on(each things.nodes)"))

    def delay(self) -> str:
        return self.random.choice(DELAYS) if self.timed else ""

    def cls(self) -> str:
        return self.random.choice(("", " old", " new"))

    def pod(self, p: str) -> str:
        """Something about one member of the first type."""
        r = self.random
        text = r.choice((f"A[{p}] is t", f"A[{p}] is t", f"A[{p}] is s", f"Place[{p}] is on", f"{p} is old"))
        if text.startswith("A") and self.view and r.random() < 0.4:
            text = f"({text} seen by V)"
        return text

    def node(self, n: str) -> str:
        """Something about one member of the second type: itself, or those that are there."""
        r = self.random
        if r.random() < 0.35:
            return f"B[{n}] is {r.choice(('x', 'y'))}"
        there = f"Place[q] is on({n})"
        if r.random() < 0.7:
            there += f" and {self.pod('q')}"
        if r.random() < 0.2:
            return f"count q: P{self.cls()} ({there}) {r.choice(('<', '>='))} {r.choice(('1', '2', 'things.old'))}"
        text = f"{r.choice(('some', 'no'))} q: P{self.cls()} ({there})"
        if self.view and "seen by" not in text and r.random() < 0.3:
            text = f"(({text}) seen by V)"
        return text

    def anything(self) -> str:
        r = self.random
        if r.random() < 0.5:
            return f"{r.choice(('some', 'no', 'every'))} o: P{self.cls()} ({self.pod('o')})"
        return f"{r.choice(('some', 'no', 'every'))} k: N ({self.node('k')})"

    def of_pod(self, p: str) -> str:
        r = self.random
        kind = r.random()
        if kind < 0.35:
            return self.pod(p)
        if kind < 0.7:
            return f"some m: N (Place[{p}] is on(m) and {self.node('m')})"
        return self.anything()

    def when(self, text: str) -> str:
        return f"when {text}" if self.random.random() < 0.75 else ""

    def lemma(self, name: str) -> str:
        r = self.random
        kind = r.random()
        if kind < 0.4:
            parameters, left = "[p: P, n: N]", f"Place[p] is on(n) and {self.pod('p')}"
            return f'lemma {name}{parameters} "x": always ({left}) implies B[n] is {r.choice("xy")}'
        if kind < 0.6:
            return f'lemma {name}[p: P, n: N] "x": always Place[p] is on(n) implies {self.pod("p")}'
        if kind < 0.7:
            body = f"Place[p] is on(n) implies (Place[q] is not on(n) or {self.pod('q')})"
            return f'lemma {name}[p: P, q: P, n: N] "x": always p == q or ({body})'
        if kind < 0.85:
            return f'lemma {name} "x": always some p: P{self.cls()} ({self.pod("p")})'
        return f'lemma {name}[n: N] "x": always {self.node("n")} or B[n] is {r.choice("xy")}'

    def closed(self) -> str:
        """Something about nobody in particular, such as is settled by choosing somebody."""
        r = self.random
        kind = r.random()
        if kind < 0.3:
            return f"no k: N ({self.node('k')})"
        if kind < 0.5:
            return f"no o: P{self.cls()} ({self.pod('o')})"
        if kind < 0.7:
            return f"no o: P (some k: N (Place[o] is on(k) and {self.node('k')}))"
        return f"{self.anything()} and {self.anything()}"

    def text(self, lemmas: int, closed: int) -> str:
        r = self.random
        back = [] if self.timed or r.random() < 0.7 else ['  y -> x "x"']
        parts = [
            THINGS,
            "index P = old: things.old, new: things.new",
            "index N = node: things.nodes",
            "machine Place[p: P] {",
            "  states unset, on(n: N)",
            f"  initially {self.begins}",
            f'  unset -> on(n) "x" when A[p] is {r.choice("st")} and {self.node("n")} {self.delay()}',
            "}",
            "machine A[p: P] {",
            "  states s, t, u",
            f"  initially {r.choice(('s', 's if p is new, t'))}",
            f'  s -> t "x" {self.when(self.of_pod("p"))} {self.delay()}',
            f'  t -> u "x" {self.when(self.of_pod("p"))} {self.delay()}',
            "}",
            "machine B[n: N] {",
            "  states x, y",
            "  initially x",
            f'  x -> y "x" {self.when(self.node("n"))} {self.delay()}',
            *back,
            "}",
            f"view V of A, Place {'stale at most 1s' if self.timed else ''}" if self.view else "",
            *(self.lemma(f"l{i}") for i in range(lemmas)),
            'check c "c" {',
            f'  never first[n: N] "x" when {self.node("n")} and {self.node("n")}',
            f'  never second "x" when {self.anything()} and {self.anything()}',
            *(f'  never closed{i} "x" when {self.closed()}' for i in range(closed)),
            f'  never third[p: P, n: N] "x" when Place[p] is on(n) and {self.pod("p")} and {self.node("n")}',
            "}",
        ]
        return "\n".join(parts) + "\n"


def placed(seed: int, *, lemmas: int = 0, closed: int = 0, timed: bool = True) -> str:
    """A model with `lemmas` lemmas, few of them true, and a check of three parts and `closed` more about nobody."""
    return _Maker(seed, timed).text(lemmas, closed)


def with_places(text: str, old: int, new: int, nodes: int) -> Program:
    """The program of such a model, with so many members."""
    scenario = f"use made\nthings a {{ old = {old}; new = {new}; nodes = {nodes} }}\nverify c\n"
    loaded = load(("case.rollout",), overlay={"case.rollout": scenario, "made.model": text})
    assert not loaded.diagnostics, "\n".join([d.message for d in loaded.diagnostics] + [text])
    ((_, program),) = loaded.programs
    return program
