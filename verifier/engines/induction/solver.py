"""Satisfiability of trees: a variable for each reading, an unknown number for each count of all others."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from verifier.engines.clock import OutOfBudget
from verifier.engines.induction.readings import SUM, generic
from verifier.engines.induction.symbols import Symbolic
from verifier.engines.terms import Sat, SolverError, Term, Terms
from verifier.engines.terms import Solver as Core
from verifier.language.program import Lemma
from verifier.records import dataclass
from verifier.system import ir
from verifier.system.run import WORK_A_SECOND

if TYPE_CHECKING:
    from verifier.engines.induction.forms import Sum
    from verifier.engines.induction.trees import Trees

_WORK = 2 * WORK_A_SECOND
_OPTIONS: dict[str, bool | int] = {"random_seed": 1}


class Solver:
    """Satisfiability for one choice of members. What is always so is asserted once; a question is pushed and popped.

    Numbers of all others are one unknown for each class and condition.
    """

    def __init__(self, trees: Trees) -> None:
        self.trees = trees
        self.make: Terms = trees.book.terms
        self.solver = Core(self.make, trees.book.clock, _OPTIONS)
        self.places: dict[str, dict[str, Term]] = {}  # for each reading and state a literal
        self.numbers: dict[tuple[tuple[str, str], ir.Expr], Term] = {}
        self.uses: dict[str, Term] = {}
        self.known: set[tuple[str, ir.Expr]] = set()
        self.related: set[tuple[object, ...]] = set()
        self.model: dict[str, str] = {}
        self.seen: dict[tuple[str, ...], list[dict[str, str]]] = {}
        self._asserted = {self.make.true}
        self._terms: dict[ir.Expr, Term] = {}
        self._symbolic: dict[Symbolic, Term] = {}

    def know(self, lemma: str, fact: ir.Expr) -> None:
        """A fact that holds where `lemma` is assumed."""
        if (lemma, fact) not in self.known:
            self.known.add((lemma, fact))
            self.always(self.make.any((self.make.no(self.use(lemma)), self.term(fact))))

    def use(self, lemma: str) -> Term:
        """The literal under which a lemma is assumed."""
        if lemma not in self.uses:
            self.uses[lemma] = self.make.boolean()
        return self.uses[lemma]

    def always(self, fact: Term) -> None:
        """Asserted for good; never called between a push and its pop."""
        if fact not in self._asserted:
            self._asserted.add(fact)
            self.solver.add(fact)

    def refuted(
        self,
        assumed: list[ir.Expr],
        lemmas: list[Lemma],
        relations: Relations | None = None,
        keep_model: bool = False,
    ) -> tuple[str, ...] | None:
        """The names of the lemmas that contradict `assumed`; None if satisfiable, or if the solver does not know."""
        uses = [self.use(lemma.name) for lemma in lemmas]
        try:
            terms = [self.term(expr) for expr in assumed]
            terms += [self.symbolic(least) for least in self.trees.book.symbols.constraints.values()]
            while True:
                self.solver.push()
                for term in terms:
                    self.solver.add(term)
                answer = self.solver.solve(uses, _WORK)
                core = self.solver.core() if answer is Sat.NO else set()
                if keep_model:
                    self.model = self._states() if answer is Sat.YES else {}
                numbers = self._numbers() if relations is not None and answer is Sat.YES else {}
                self.solver.pop()
                if answer is Sat.NO:
                    return tuple(lemma.name for lemma, use in zip(lemmas, uses, strict=True) if use in core)
                if answer is Sat.UNKNOWN or relations is None or not relations.refine(numbers):
                    return None
        except (SolverError, OutOfBudget):
            return None

    def _numbers(self) -> dict[tuple[tuple[str, str], ir.Expr], int]:
        return {key: int(self.solver.value(number)) for key, number in self.numbers.items()}

    def _states(self) -> dict[str, str]:
        """The state of every reading in the last model."""
        value = self.solver.value
        return {name: next(s for s, here in places.items() if value(here)) for name, places in self.places.items()}

    # -- terms ---------------------------------------------------------------------------------------------------------

    def term(self, expr: ir.Expr) -> Term:
        if expr not in self._terms:
            self._terms[expr] = self._term(expr)
        return self._terms[expr]

    def _term(self, expr: ir.Expr) -> Term:
        match expr:
            case ir.Const(value):
                return self.make.true if value else self.make.false
            case ir.Not(body):
                return self.make.no(self.term(body))
            case ir.And(parts):
                return self.make.all([self.term(p) for p in parts])
            case ir.Or(parts):
                return self.make.any([self.term(p) for p in parts])
            case ir.In(name, states):
                if name.startswith(SUM):
                    return self._sum(self.trees.sums[name])
                places = self._places(expr)
                return self.make.any([places[state] for state in places if state in states])
        raise AssertionError(expr)

    def _places(self, at: ir.In) -> dict[str, Term]:
        """A condition for each state of a reading, exactly one of which is true: its number in binary digits."""
        if at.machine not in self.places:
            make, states = self.make, self.trees.states(at.machine)
            digits = [make.boolean() for _ in range((len(states) - 1).bit_length())]
            codes = [
                make.all([digit if i >> k & 1 else make.no(digit) for k, digit in enumerate(digits)])
                for i in range(1 << len(digits))
            ]
            for unused in codes[len(states) :]:
                self.always(make.no(unused))
            self.places[at.machine] = dict(zip(states, codes, strict=False))
        return self.places[at.machine]

    def _sum(self, made: Sum) -> Term:
        make = self.make
        one, none = make.number(1), make.number(0)
        parts = [make.choice(self.term(each), make.number(sign), none) for sign, each in made.ones]
        for sign, cls, each in made.rest:
            number = self._number(cls, each)
            parts.append(number if sign == 1 else make.minus(none, number))
        return make.at_most_as(self.symbolic(made.bound), make.sum(parts or [make.minus(one, one)]))

    def _number(self, cls: tuple[str, str], each: ir.Expr) -> Term:
        if each == ir.TRUE:
            return self.others(cls)
        if each == ir.FALSE:
            return self.make.number(0)
        if (cls, each) not in self.numbers:
            self.numbers[cls, each] = number = self.make.integer()
            self.always(self.make.at_most_as(self.make.number(0), number))
            self.always(self.make.at_most_as(number, self.others(cls)))
        return self.numbers[cls, each]

    def others(self, cls: tuple[str, str]) -> Term:
        """How many members of a class are not spelt out."""
        total = self.symbolic(self.trees.others(cls))
        self.always(self.make.at_most_as(self.make.number(0), total))
        return total

    def symbolic(self, value: Any) -> Term:
        """A number or truth value over sizes."""
        if isinstance(value, bool):
            return self.make.true if value else self.make.false
        if isinstance(value, int):
            return self.make.number(value)
        assert isinstance(value, Symbolic), value
        if value not in self._symbolic:
            self._symbolic[value] = self._of_symbols(value)
        return self._symbolic[value]

    def _of_symbols(self, value: Symbolic) -> Term:
        make = self.make
        if value.op == "size":
            return make.integer()
        args = [self.symbolic(arg) for arg in value.args]
        match value.op:
            case "+":
                return make.sum(args)
            case "-":
                return make.minus(*args)
            case "*":
                return make.times(*args)
            case "/":
                return make.divided(*args)
            case "if":
                return make.choice(*args)
            case "and":
                return make.all(args)
            case "or":
                return make.any(args)
            case "not":
                return make.no(args[0])
            case "<=" | ">=":
                return make.at_most_as(*(args if value.op == "<=" else reversed(args)))
            case "<" | ">":
                return make.no(make.at_most_as(*(args if value.op == ">" else reversed(args))))
            case "==" | "!=":
                same = make.equal(*args)
                return same if value.op == "==" else make.no(same)
        raise AssertionError(value.op)


@dataclass
class Relations:
    """Orders the counts of a class: `each` implies `other` for a single member makes the first number at most the
    second.
    """

    trees: Trees
    lemmas: list[Lemma]
    views: list[tuple[str, ...]]

    def refine(self, numbers: dict[tuple[tuple[str, str], ir.Expr], int]) -> bool:
        """Asserts relations between counts that these numbers break, and says whether there were any.

        Only what the numbers break is looked at: a model that breaks nothing needs no further relation.
        """
        refined, make = False, self.trees.solver.make
        for (cls, a), (other, b) in combinations(numbers, 2):
            if cls != other:
                continue
            x, y = self.trees.solver.numbers[cls, a], self.trees.solver.numbers[cls, b]
            p, q = numbers[cls, a], numbers[cls, b]
            if p > q:
                refined |= self._fact(cls, a, ir.neg(b), make.at_most_as(x, y))
            if q > p:
                refined |= self._fact(cls, b, ir.neg(a), make.at_most_as(y, x))
            if a == ir.neg(b) or b == ir.neg(a):
                refined |= self._fact(cls, a, b, make.equal(make.sum((x, y)), self.trees.solver.others(cls)))
        return refined or self._of_three(numbers)

    def _of_three(self, numbers: dict[tuple[tuple[str, str], ir.Expr], int]) -> bool:
        """The same for a count and two others: `each` implies one of them, or they exclude each other and imply `each`.

        Tried only where one of the three reads what the two others read: `P`, `Q`, and `P and not Q`.
        """
        refined, solver = False, self.trees.solver
        for three in combinations(numbers, 3):
            if len({cls for cls, _ in three}) > 1 or not self._of_one_another([each for _, each in three]):
                continue
            for cls, a in three:
                b, c = (each for _, each in three if each != a)
                two = numbers[cls, b] + numbers[cls, c]
                both = solver.make.sum((solver.numbers[cls, b], solver.numbers[cls, c]))
                if numbers[cls, a] > two:
                    neither = ir.conj([ir.neg(b), ir.neg(c)])
                    refined |= self._fact(cls, a, neither, solver.make.at_most_as(solver.numbers[cls, a], both))
                if numbers[cls, a] < two:
                    wrong = ir.disj([ir.conj([b, c]), ir.conj([b, ir.neg(a)]), ir.conj([c, ir.neg(a)])])
                    refined |= self._fact(cls, wrong, ir.TRUE, solver.make.at_most_as(both, solver.numbers[cls, a]))
        return refined

    def _of_one_another(self, three: list[ir.Expr]) -> bool:
        a, b, c = sorted((self.trees.readings(each) for each in three), key=len)
        return a | b == c

    def _fact(self, cls: tuple[str, str], a: ir.Expr, b: ir.Expr, fact: Term) -> bool:
        """Asserts `fact`, if no single member satisfies both `a` and `b`; True if that is new."""
        named = tuple(self.trees.members) if self.trees.placed else ()
        key = (cls, a, b, tuple(lemma.name for lemma in self.lemmas), tuple(self.views), named)
        if key in self.trees.solver.related:
            return False
        self.trees.solver.related.add(key)
        excluded = self.trees.book.excluded
        if key not in excluded or self.trees.counts(a) or self.trees.counts(b):
            excluded[key] = self._excluded(cls, a, b)
        used = excluded[key]
        if used is None:
            return False
        solver = self.trees.solver
        solver.always(solver.make.any((*(solver.make.no(solver.use(name)) for name in used), fact)))
        return True

    def _excluded(self, cls: tuple[str, str], a: ir.Expr, b: ir.Expr) -> tuple[str, ...] | None:
        """The lemmas by which no single member satisfies both; None if one may. Members seen before are tried first."""
        trees = self.trees
        facts = trees.facts(self.lemmas, self.views, generic(*cls))
        seen = trees.solver.seen.setdefault(tuple(lemma.name for lemma in self.lemmas), [])
        if any(_satisfies(a, model) and _satisfies(b, model) for model in seen):
            return None
        if not trees.counts(a) and not trees.counts(b):
            by_cases = trees.by_cases([a, b], facts)
            if isinstance(by_cases, tuple):
                return by_cases
            if by_cases is not None:
                seen.append(by_cases)
                return None
        for name, fact in facts:
            trees.solver.know(name, fact)
        found = trees.solver.refuted([a, b], self.lemmas, keep_model=True)
        if found is None and trees.solver.model:
            seen.append(trees.solver.model)
        return found


def _satisfies(expr: ir.Expr, model: dict[str, str]) -> bool:
    """Does `expr` hold in `model`? What the model says nothing of fails either way."""
    match expr:
        case ir.In(name, states):
            return model.get(name) in states
        case ir.Not(ir.In(name, states)):
            return name in model and model[name] not in states
        case ir.And(parts):
            return all(_satisfies(part, model) for part in parts)
        case ir.Or(parts):
            return any(_satisfies(part, model) for part in parts)
        case ir.Not(ir.And(parts)):
            return any(_satisfies(ir.neg(part), model) for part in parts)
        case ir.Not(ir.Or(parts)):
            return all(_satisfies(ir.neg(part), model) for part in parts)
    return False
