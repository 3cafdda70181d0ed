"""Random small programs as text: two classes of members, two or three machine families, views, guards that count."""

from __future__ import annotations

import random

from verifier.language.load import load
from verifier.language.program import Program

CLASSES = ("one", "two")
SIZES = ("things.one", "things.two", "things.one - 1", "things.two - things.one")
DELAYS = ("", "", "immediately", "within 1s", "within 1s..2s", "after 1s", "after 2s")
STALE = ("", "stale at most 0s", "stale at most 1s", "stale at most 2s")


class _Maker:
    """`families`: each with its states and whether it has an index. `views`: each with its one or two sources."""

    def __init__(self, seed: int, timed: bool) -> None:
        self.random = random.Random(seed)
        self.timed = timed
        r = self.random
        self.families = {"A": ("s", "t", "u")[: r.randint(2, 3)], "B": ("s", "t")}
        self.plain = {"G": ("s", "t")} if r.random() < 0.6 else {}
        everything = [*self.families, *self.plain]
        self.views: dict[str, list[str]] = {}
        if r.random() < 0.8:
            self.views["V"] = r.sample(everything, r.randint(1, min(2, len(everything))))
            if r.random() < 0.4:
                self.views["W"] = ["V", *r.sample(everything, r.randint(0, 1))]

    def reading(self, name: str, var: str | None) -> str:
        """A family's state, of the member `var` if there is one; or what a view says of one of its sources."""
        if name in self.views:
            inside = self.random.choice(self.views[name])
            return f"({self.reading(inside, var)} seen by {name})"
        states = self.families.get(name) or self.plain[name]
        some = self.random.sample(states, self.random.randint(1, len(states) - 1))
        if name in self.plain:
            return f"{name} is {{{', '.join(some)}}}"
        if var is None:
            return self.quantified("q", name)
        return f"{name}[{var}] is {{{', '.join(some)}}}"

    def quantified(self, var: str, name: str) -> str:
        word = self.random.choice(("some", "every", "no"))
        return f"{word} {var}: P{self.cls()} ({self.reading(name, var)})"

    def cls(self) -> str:
        return self.random.choice(("", " one", " two"))

    def anything(self) -> str:
        return self.random.choice([*self.families, *self.plain, *self.views, *self.views])

    def literal(self, var: str | None) -> str:
        r = self.random
        if var is not None and r.random() < 0.1:
            return f"{var} is {r.choice(CLASSES)}"
        text = self.reading(self.anything(), var)
        return f"not ({text})" if r.random() < 0.25 else text

    def bound(self) -> str:
        return self.random.choice(("1", "1", "2", *SIZES))

    def count(self, var: str) -> str:
        body = self.literal(var)
        if self.random.random() < 0.3:
            body = f"{body} {self.random.choice(('and', 'or'))} {self.literal(var)}"
        return f"count {var}: P{self.cls()} ({body})"

    def counting(self) -> str:
        r = self.random
        op = r.choice((">=", "<=", ">", "<"))
        kind = r.random()
        if kind < 0.4:
            return f"{self.count('x')} {op} {self.bound()}"
        if kind < 0.7:
            return f"{self.count('x')} {op} {self.count('y')}"
        return f"{self.count('x')} {r.choice('+-')} {self.count('y')} {op} {self.bound()}"

    def condition(self, var: str | None, depth: int) -> str:
        r = self.random
        if depth == 0 or r.random() < 0.5:
            return f"({self.counting()})" if r.random() < 0.4 else self.literal(var)
        word = r.choice(("and", "and", "or", "implies"))
        return f"({self.condition(var, depth - 1)} {word} {self.condition(var, depth - 1)})"

    def several(self, var: str | None) -> str:
        return " and ".join(self.condition(var, 1) for _ in range(self.random.randint(2, 4)))

    def machine(self, name: str) -> str:
        r = self.random
        indexed = name in self.families
        states = self.families.get(name) or self.plain[name]
        first = f"{states[0]} if p is one, {states[1]} if p is two" if indexed and r.random() < 0.3 else states[0]
        pairs = [(a, b) for a in states for b in states if a < b]
        if not self.timed and r.random() < 0.2:
            pairs.append((states[1], states[0]))
        steps = []
        for source, target in r.sample(pairs, r.randint(1, len(pairs))):
            when = f"when {self.condition('p' if indexed else None, 1)}" if r.random() < 0.8 else ""
            steps.append(f'  {source} -> {target} "x" {when} {r.choice(DELAYS) if self.timed else ""}')
        head = f"machine {name}{'[p: P]' if indexed else ''} {{"
        return "\n".join([head, f"  states {', '.join(states)}", f"  initially {first}", *steps, "}"])

    def view(self, name: str) -> str:
        stale = self.random.choice(STALE) if self.timed else ""
        return f"view {name} of {', '.join(self.views[name])} {stale}"

    def lemma(self, name: str) -> str:
        r = self.random
        kind = r.random()
        if kind < 0.35:
            left, right = self.literal("p"), self.literal("p")
            return f'lemma {name}[p: P{self.cls()}] "x": always {left} implies {right}'
        if kind < 0.5 and self.views:
            here = self.literal("p")
            view = r.choice(list(self.views))
            sources = [s for s in self.views[view] if s in self.families]
            if sources:
                here = self.reading(r.choice(sources), "p")
                seen = f"({here} seen by {view})"
                left, right = (seen, here) if r.random() < 0.6 else (here, seen)
                return f'lemma {name}[p: P{self.cls()}] "x": always {left} implies {right}'
        if kind < 0.75:
            return f'lemma {name} "x": always {self.counting()}'
        if kind < 0.9:
            return f'lemma {name}[p: P{self.cls()}] "x": always {self.literal("p")} or {self.counting()}'
        either = f"{self.literal('p')} or {self.condition('q', 1)}"
        return f'lemma {name}[p: P{self.cls()}, q: P{self.cls()}] "x": always {either}'

    def text(self, lemmas: int) -> str:
        parts = [
            'settings things "sizes" { one: size = 1 "x"  two: size = 1 "x" }',
            "index P = one: things.one, two: things.two",
            *(self.machine(name) for name in (*self.families, *self.plain)),
            *(self.view(name) for name in self.views),
            *(self.lemma(f"l{i}") for i in range(lemmas)),
            'check c "c" {',
            f'  never first[p: P] "x" when {self.several("p")}',
            f'  never second "x" when {self.several(None)}',
            "}",
        ]
        return "\n".join(parts) + "\n"


def model(seed: int, *, lemmas: int = 6, timed: bool = False) -> str:
    """A model with `lemmas` lemmas, few of them true, and a check of two parts."""
    return _Maker(seed, timed).text(lemmas)


def with_sizes(text: str, one: int, two: int) -> Program:
    """The program of a model, with so many members of each class."""
    scenario = f"use made\nthings a {{ one = {one}; two = {two} }}\nverify c\n"
    loaded = load(("case.rollout",), overlay={"case.rollout": scenario, "made.model": text})
    assert not loaded.diagnostics, "\n".join([d.message for d in loaded.diagnostics] + [text])
    ((_, program),) = loaded.programs
    return program
