"""What each code of a diagnostic means: one table, the text behind `hitless explain HL301`."""

from __future__ import annotations

from verifier.records import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """`wrong` and `right` show the same line before and after; either may be empty."""

    code: str
    title: str
    text: str
    wrong: str = ""
    right: str = ""


_ENTRIES = (
    # -- reading -----------------------------------------------------------------------------------------------------
    Entry(
        "HL101",
        "this cannot stand here",
        "The text does not follow the grammar at this place. The statement is set aside and reading goes on after "
        "it, so that later mistakes are reported too; names that only it declares are not reported as unknown.",
        "size: 3",
        "size = 3",
    ),
    Entry(
        "HL102",
        "a character that the language does not have",
        "Comments begin with `//`, texts stand in straight double quotes, and `and`, `or`, `not` are words.",
        "# a comment",
        "// a comment",
    ),
    Entry(
        "HL103",
        "a text without end",
        "A text begins and ends with a double quote on the same line.",
        'because "measured',
        'because "measured"',
    ),
    Entry(
        "HL104",
        "a bracket that is never closed",
        "The file ends while a `{`, `(` or `[` is open. The place shown is where it was opened.",
        "store web { size = 3",
        "store web { size = 3 }",
    ),
    Entry(
        "HL105",
        "a duration that cannot be read",
        "A duration is a number with a unit: ms, s, m or h. Units can follow each other (1m30s). Time is counted "
        "in whole milliseconds.",
        "timeout = 5sec",
        "timeout = 5s",
    ),
    Entry(
        "HL106",
        "nested too deep",
        "Brackets or expressions are nested deeper than anyone can read. Give parts of the expression a name with "
        "`let`.",
    ),
    Entry(
        "HL107",
        "a file that cannot be read",
        "The file is not there, is a folder, may not be read, is too large, or is not UTF-8 text.",
    ),
    Entry(
        "HL108",
        "a model that is not there",
        "`use a/b` looks for a/b.model beside the file that says so, then among the models that come with hitless.",
        "use platfrom",
        "use platform",
    ),
    # -- names -------------------------------------------------------------------------------------------------------
    Entry(
        "HL201",
        "an unknown name",
        "No machine, view, `let`, function or variable of this place has the name. It is reported once a file, "
        "however often it occurs.",
        "let good(w: Worker) = Dor[w] is open",
        "let good(w: Worker) = Door[w] is open",
    ),
    Entry(
        "HL202",
        "an unknown setting or block",
        "The blocks of a scenario know the settings that the models declare, and no others. `hitless explain "
        "BLOCK` lists them.",
        "store web { sise = 3 }",
        "store web { size = 3 }",
    ),
    Entry(
        "HL203",
        "an unknown state",
        "A machine has the states that its `states` line lists.",
        "Door[w] is opened",
        "Door[w] is open",
    ),
    Entry(
        "HL204",
        "an unknown index type or class",
        "Index types are declared with `index`, each with its classes.",
        "every w: Wroker (Door[w] is open)",
        "every w: Worker (Door[w] is open)",
    ),
    Entry(
        "HL205",
        "declared twice",
        "Machines, views, lets and index types share one space of names; a machine may have the name of its index "
        "type. The names of functions are taken.",
    ),
    Entry(
        "HL206",
        "not one of the words of this setting",
        "A setting with alternatives takes one of its words and nothing else.",
        "on_stop = exit",
        "on_stop = exits",
    ),
    Entry(
        "HL207",
        "an unknown kind of setting",
        "Kinds are duration, window, count, size, percent, version, flag, `size or percent`, and alternatives "
        "with `|`, each of which may hold a duration or a window.",
        'timeout: seconds "how long"',
        'timeout: duration "how long"',
    ),
    Entry(
        "HL208",
        "a definition that needs itself",
        "Lets, views, the defaults of settings, and how machines begin must not go in a circle.",
        "let a = b + 1\nlet b = a + 1",
        "let a = 1\nlet b = a + 1",
    ),
    Entry(
        "HL209",
        "a name in the wrong place",
        "The name exists, but belongs to another block, or is a block where a value stands, or the other way round.",
    ),
    Entry(
        "HL210",
        "spelt otherwise",
        "Names are written in snake_case, and units stand with the value, not in the name.",
        "holdTimeSeconds = 30",
        "hold_time = 30s",
    ),
    Entry(
        "HL211",
        "an unknown check",
        "`verify` names one of the checks that the models declare.",
    ),
    # -- types and units ---------------------------------------------------------------------------------------------
    Entry(
        "HL301",
        "a duration without a unit",
        "A bare number could be seconds or milliseconds; nothing is guessed.",
        "timeout = 30",
        "timeout = 30s",
    ),
    Entry(
        "HL302",
        "a value of another type",
        "Numbers, durations, windows, percentages, versions, choices, truth values and counts are different "
        "things, and only like combines with like.",
        "size = 30s",
        "size = 30",
    ),
    Entry(
        "HL303",
        "too many or too few values",
        "A machine, view, `let`, state, choice or check takes as many values as its declaration says. A setting "
        "that has a value for each class of an index type is read with a member: `store.timeout[w]`.",
        "Door is open",
        "Door[w] is open",
    ),
    Entry(
        "HL304",
        "a version that cannot be read",
        "A version is written v1.30: as a number, 1.30 would be 1.3. It has two parts.",
        "version = 1.30",
        "version = v1.30",
    ),
    Entry(
        "HL305",
        "known only in the search",
        "Delays, defaults, bounds of counts and the condition of `if` are computed before the search, from "
        "settings, versions and classes. The states of machines are not known then.",
        "if Door[w] is open then a else b",
        "(Door[w] is open and a) or (Door[w] is not open and b)",
    ),
    Entry(
        "HL306",
        "a member of another index type",
        "Each index of a machine, view, `let` or setting has a type, and takes variables of that type.",
    ),
    Entry(
        "HL307",
        "a member that may be of another class",
        "A machine declared for one class exists for no other. A variable that ranges over every class may not be "
        "its index.",
        "every w: Worker (Bell[w] is kept)",
        "every w: Worker old (Bell[w] is kept)",
    ),
    Entry(
        "HL308",
        "a view that does not see this",
        "`(P seen by V)` reads every name of P from V's copy, so all of them must be among the sources of V. What "
        "V does not see is read outside of the brackets.",
        "view List of Door\n(Bell[w] is on seen by List)",
        "view List of Door, Bell\n(Bell[w] is on seen by List)",
    ),
    Entry(
        "HL309",
        "a state outside of its range",
        "A step must lead to a state that exists: for every number that its source and its guard allow, the "
        "numbers of the target are within their ranges, and all of them are said.",
        "states waiting(k: 0..2)\nwaiting(k) -> waiting(k + 1)",
        "states waiting(k: 0..2)\nwaiting(k) -> waiting(k + 1)  when k < 2",
    ),
    Entry(
        "HL310",
        "an empty or too wide range of states",
        "A range is written lowest..highest.",
        "(k: 3..1)",
        "(k: 1..3)",
    ),
    Entry(
        "HL311",
        "no initial state",
        "Each member begins in one state: the first entry of `initially` whose condition holds. One of them must.",
        "initially open if w is old",
        "initially open if w is old, shut if w is new",
    ),
    Entry(
        "HL312",
        "a check that asks for nothing",
        "A check has at least one `never` or `ends`.",
    ),
    Entry(
        "HL314",
        "a summary that no proof could use",
        "A summary says what the members of a type are together: at most two states besides `none`, the more important "
        "first, each told by what a member is now. What a view remembers is read where the summary is read.",
        "busy when (Worker[w] is busy) seen by List",
        "busy when Worker[w] is busy",
    ),
    Entry(
        "HL316",
        "a lemma that cannot follow another one",
        "A lemma follows an earlier one if that one says how many members have begun something and are not over it, "
        "and it says how many of them are over it and something else. Both are `count x: T (..) <= N`, of one T and x.",
        "lemma few_late following few_open by 5s: always count w: Worker (Work[w] is late) <= 2",
        "lemma few_late following few_open by 5s: always count w: Worker (ready(w) and not served(w)) <= 2",
    ),
    Entry(
        "HL317",
        "a lemma about members that cannot join",
        "`no w: Worker joins Workers[s] is ready` is said of members of the summary, and of its first state. It is in "
        "a later one once no member is in those before, so that one who leaves is as good as one who comes.",
        "no w: Worker joins Workers[s] is leaving",
        "no w: Worker joins Workers[s] is ready",
    ),
    Entry(
        "HL315",
        "a comparison that cannot be made",
        "A comparison has at least two cases and asks each of them something. What a case says is fixed: only a "
        "remedy may look for the least duration, of a setting that is one or of a word that takes one.",
        "remedy store.size = least of 1s..9s",
        "remedy store.patience = least of 1s..9s",
    ),
    # -- scenarios ---------------------------------------------------------------------------------------------------
    Entry(
        "HL313",
        "time can stop",
        "Steps that may all be forced without a delay go round: then no time need ever pass again, and everything "
        "after that would be called safe. One step of each such cycle takes at least some time, or the cycle counts "
        "its turns in its states and ends.",
        "open -> shut immediately   shut -> open immediately",
        "open -> shut immediately   shut -> open within 1s..2s",
    ),
    Entry(
        "HL401",
        "a value that has to be given",
        "The setting has no default, because nobody but you can know it, and a check that you ask for depends on it.",
    ),
    Entry(
        "HL402",
        "given twice",
        "A value, or a block, is said once for each workload.",
    ),
    Entry(
        "HL403",
        "a workload that is not complete, or not there",
        "The blocks of one name make a workload. A block whose name no other block has is most likely misspelt.",
    ),
    Entry(
        "HL404",
        "a block at the wrong place",
        "Some blocks stand inside another; others need the name of their workload.",
    ),
    Entry(
        "HL405",
        "a block that cannot be left out",
        "Only blocks that the models declare `optional` can be `none`.",
    ),
    Entry(
        "HL406",
        "nothing is asked",
        "A scenario says with `verify` what is to be proved.",
    ),
    Entry(
        "HL407",
        "a requirement of the models",
        "A model says with `require` what must hold of the settings, because the platform refuses anything else "
        "or because it is not modelled.",
    ),
    Entry(
        "HL408",
        "a value out of range",
        "Durations are not negative, sizes and counts are at least 1, shares are at most 100%.",
        "size = 0",
        "size = 1",
    ),
    Entry(
        "HL409",
        "a window that ends before it begins",
        "A window is written earliest..latest.",
        "takes = 8s..2s",
        "takes = 2s..8s",
    ),
)

CATALOGUE: dict[str, Entry] = {entry.code: entry for entry in _ENTRIES}
