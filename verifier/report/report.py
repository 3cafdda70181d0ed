"""One finished report of a run of `hitless verify`: everything a view may show, and nothing to compute."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.analysis.verdict import Certified, CheckResult, PartResult, Searched, Verdict, WorkloadResult, worst
from verifier.language.program import Program, SettingRead, Value
from verifier.language.text import duration_text, value_text
from verifier.records import dataclass
from verifier.resources import shown
from verifier.system.ir import TRUE
from verifier.system.scope import Scope
from verifier.system.values import Member, Reads, Values
from verifier.trace import Trace, TraceEvent, trace_of


@dataclass(frozen=True, slots=True)
class Bound:
    """A setting that a verdict rests on. `end`: "lo", "hi", or "" for both; `given`: the scenario says it, else the
    default.
    """

    setting: str
    value: str
    end: str
    place: str
    because: str
    assumed: bool
    given: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """One link of why a violation is possible: an event, how long it took, and the bounds that allowed that."""

    label: str
    took_ms: int
    happened: bool
    bounds: tuple[Bound, ...]
    origin: str


@dataclass(frozen=True, slots=True)
class Violation:
    """What is lost, and the run in which it is. `in_every_run`: shown for the check, by this part or by another one."""

    text: str
    part: str
    grade: str
    in_every_run: bool
    trace: Trace
    why: tuple[Reason, ...]
    longest: bool  # shown that none lasts longer


@dataclass(frozen=True, slots=True)
class CheckReport:
    """`scope`: for which sizes a SAFE holds, in words. `reason`: for VACUOUS and INCONCLUSIVE."""

    file: str
    workload: str
    name: str
    doc: str
    verdict: Verdict
    scope: str
    seconds: float
    rests_on: tuple[Bound, ...]
    lemmas: tuple[str, ...]
    violation: Violation | None
    also_violated: tuple[str, ...]
    reason: str
    thresholds: tuple[str, ...]
    typically_ms: int | None = None
    searched: Searched | None = None
    certified: Certified | None = None


@dataclass(frozen=True, slots=True)
class Report:
    verdict: Verdict
    seconds: float
    checks: tuple[CheckReport, ...]


def report_of(results: Iterable[tuple[str, WorkloadResult]], seconds: float) -> Report:
    """The report on all workloads, each with the file it stands in."""
    checks = tuple(_check(file, workload, check) for file, workload in results for check in workload.checks)
    return Report(worst([c.verdict for c in checks]), seconds, checks)


def _check(file: str, workload: WorkloadResult, check: CheckResult) -> CheckReport:
    program = workload.program
    violated = [part for part in check.parts if part.witness is not None]
    traces = [(trace_of(part.witness), part) for part in violated if part.witness is not None]
    traces.sort(key=lambda pair: (-pair[0].lasts_ms, not pair[1].longest, pair[0].end_ms))
    every = any(part.in_every_run for part in violated)
    violation = _violation(program, *traces[0], every) if traces else None
    proven = check.parts if check.verdict is Verdict.SAFE else ()
    bounds = dict.fromkeys(used for part in proven for used in part.rests_on)
    texts = {lemma.name: lemma.text for lemma in program.lemmas} | {lull.name: lull.text for lull in program.lulls}
    lemmas = dict.fromkeys(name for part in proven for name in part.lemmas)
    return CheckReport(
        file,
        workload.workload,
        check.name,
        check.doc,
        check.verdict,
        scope_text(check.scope, program),
        check.seconds,
        tuple(_bound(program, setting, end) for setting, end in _ends_joined(bounds)),
        tuple(texts[name] for name in lemmas),
        violation,
        tuple(part.text for _, part in traces[1:]),
        next((part.reason for part in check.parts if part.verdict is check.verdict and part.reason), ""),
        tuple(
            f"{t.setting} <= {duration_text(t.safe_ms)}"
            + ("" if t.assumed_ms is None else f" (assumed up to {duration_text(t.assumed_ms)})")
            for t in check.thresholds
        ),
        check.typically_ms,
        check.searched,
        check.certified,
    )


def searched_text(searched: Searched) -> str:
    """What an exhaustive search says, in words."""
    how = "confirmed" if searched.confirms else "decided"
    return f"{how} by exhaustive search: {searched.states:,} state{'s' if searched.states != 1 else ''}"


def certified_text(certified: Certified) -> str:
    """What another solver says, in words."""
    if not certified.of:
        return f"nothing for {certified.solver} to repeat"
    return f"{certified.solver} repeats {certified.repeated} of the {certified.of} answers that this rests on"


def searched_json(searched: Searched) -> dict[str, object]:
    return {"states": searched.states, "confirms": searched.confirms}


def _violation(program: Program, trace: Trace, part: PartResult, every: bool) -> Violation:
    grade = _grade(trace, part, every)
    last = {event.label: event for event in (*trace.events, *trace.late) if event.close and event.rests_on}
    links = [] if trace.awaited else sorted(last.values(), key=lambda event: event.at_ms)
    why = tuple(_reason(program, link) for link in links)
    return Violation(part.text, part.name, grade, every, trace, why, part.longest)


def _grade(trace: Trace, part: PartResult, every: bool) -> str:
    """docs/semantics.md, section 4."""
    assert part.witness is not None
    if part.witness.check.when == TRUE:
        return "in every run, at every moment"
    runs = "in every run" if every else "in some runs"
    if part.witness.check.kind == "ends_with":
        return runs
    if trace.lasts_ms > 0 or part.witness.cut:
        return f"{runs}, for {'up to' if part.longest else 'at least'} {duration_text(trace.lasts_ms)}"
    edge = "only at the edge: it lasts no time"
    return edge if part.longest and not every else f"{runs}, in this one {edge}"


def _reason(program: Program, event: TraceEvent) -> Reason:
    bounds = tuple(_bound(program, setting, "") for setting in event.rests_on)
    return Reason(event.label, event.waited_ms, event.happened, bounds, event.origin)


def _ends_joined(used: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """A setting of which both ends were used is listed once."""
    ends: dict[str, set[str]] = {}
    for setting, end in used:
        ends.setdefault(setting, set()).add(end)
    return [(setting, "" if len(found) > 1 else next(iter(found))) for setting, found in ends.items()]


def _bound(program: Program, key: str, end: str) -> Bound:
    path, cls = key.removesuffix("]").split("[") if key.endswith("]") else (key, None)
    given = program.values.get((path, cls))
    if path in program.blocks:
        present = (path, cls) in program.given_blocks
        span = program.blocks[path].span
        return Bound(key, "given" if present else "not given", "", f"{shown(span.file)}:{span.line}", "", False, False)
    if given is None:
        setting = program.settings[path]
        value = "" if setting.default is None else value_text(_value(program, path, cls))
        return Bound(key, value, end, f"{shown(setting.span.file)}:{setting.span.line}", setting.source, False, False)
    place = f"{shown(given.span.file)}:{given.span.line}"
    return Bound(key, given.text, end, place, given.because, given.assumed, True)


def _value(program: Program, path: str, cls: str | None) -> Value:
    per = program.settings[path].per
    env = {"it": Member(per, cls, 0)} if per is not None and cls is not None else {}
    span = program.settings[path].span
    read = SettingRead(path, "it" if env else None, span)
    found: Value = Values(program).evaluate(read, env, Reads())
    return found


def scope_text(scope: Scope, program: Program) -> str:
    """For which sizes, in the words of the size settings."""
    sizes = program.sizes()
    if scope.least is None:
        given = [f"{_value(program, path, None)} {_last(path)}" for path in sizes]
        return f"this topology: {', '.join(given)}"
    least = dict(scope.least)
    words = [f"{_last(path)}" if least.get(path, 1) <= 1 else f"{_last(path)} from {least[path]} up" for path in sizes]
    return f"any number of {' and '.join(reversed(words))}"


def _last(path: str) -> str:
    return path.split(".")[-1]
