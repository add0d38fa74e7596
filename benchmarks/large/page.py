"""The section `large` of docs/benchmarks.md, from what is kept of each size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from benchmarks.large.result import STEPS, Failure, Result
from benchmarks.large.size import API_MB, API_SETTINGS, NIGHT_MB, NIGHT_SETTINGS
from benchmarks.nights import EVENTS_PER_LEARNER, Run

NIGHT_RATIO, API_RATIO = 1.5, 2.0
LONGEST = 10
NONE = "–"
ALL_STEPS = ("ingest", "erase", "build", "publish", "purge")


def section(results: Sequence[Result], picture: str) -> str:
    """Everything about these sizes, the smallest first."""
    parts = [
        f"## The same night at {' and '.join(f'{one.events:,}' for one in results)} events",
        _introduction(results[0]),
        f"![Seconds of a night, and milliseconds of the API, by size](pictures/{picture})",
        _table(results, NIGHT_ROWS),
        _night_ratio(results),
        _failures(results),
        "What the incremental models wrote in the last night:",
        _written(results),
        f"The {LONGEST} longest models of a night at the largest size, in s:",
        _models(results),
        *_unchanged(results),
        "### The API at these sizes",
        f"Each endpoint alone, one worker, answers worked out anew each time; p50 / p95 / p99 in ms. The server may map {API_MB // 1024} GiB (`RLIMIT_DATA`; DuckDB {API_SETTINGS['api_memory_limit']} of it).",
        _latencies(results),
        _api_ratio(results),
    ]
    return "\n\n".join(part for part in parts if part)


def stamp(results: Sequence[Result]) -> str:
    """When and on what: one sentence for sizes that agree."""
    told: dict[str, list[str]] = {}
    for one in results:
        told.setdefault(one.measured, []).append(f"{one.events:,}")
    if len(told) == 1:
        return results[0].measured
    return " ".join(f"{' and '.join(sizes)} events: {measured}" for measured, sizes in told.items())


def _introduction(result: Result) -> str:
    return (
        f"{EVENTS_PER_LEARNER} events a learner, {result.new_events:,} new events a night and what changes around them, whole processes "
        f"(`schoolhouse nightly`), median of the nights but the first. A run that has more than {NIGHT_MB // 1024} GiB resident is killed "
        f"(DuckDB has a limit of {NIGHT_SETTINGS['memory_limit']}). Peaks: resident / mapped, used or not. "
        f"A smaller platform has fewer learners for the same new events, each with more of them."
    )


def _seconds(value: float | None) -> str:
    return NONE if value is None else f"{value:.1f}"


def _first(figure: Callable[[Run], float]) -> Callable[[Result], str]:
    return lambda one: _seconds(figure(one.first) if one.first else None)


def _night(figure: Callable[[Run], float]) -> Callable[[Result], str]:
    return lambda one: _seconds(one.night(figure))


def _step(name: str) -> Callable[[Run], float]:
    return lambda run: run.step(name)


def _whole(run: Run) -> float:
    return run.seconds


def _mb(runs: Iterable[Run | None]) -> str:
    found = [run for run in runs if run]
    return _peaks(max(run.peak_mb for run in found), max(run.mapped_mb for run in found)) if found else NONE


def _peaks(peak: float, mapped: float) -> str:
    return f"{peak:,.0f} / {mapped:,.0f}" if peak else NONE


def _size(octets: int) -> str:
    return f"{octets / 1e9:.2f}" if octets else NONE


NIGHT_ROWS: dict[str, Callable[[Result], str]] = {
    "learners": lambda one: f"{one.events // EVENTS_PER_LEARNER:,}",
    "generated in, s": lambda one: _seconds(one.generate_seconds or None),
    "source, GB": lambda one: _size(one.database_bytes),
    "first run, s": _first(_whole),
    **{f"– {name}": _first(_step(name)) for name in ALL_STEPS},
    "peak MB, first run": lambda one: _mb([one.first]),
    "**night, s**": _night(_whole),
    **{f"– {name} ": _night(_step(name)) for name in ALL_STEPS},
    "peak MB, nights": lambda one: _mb(one.nights),
    "warehouse, GB": lambda one: _size(one.warehouse_bytes),
    "snapshot, GB": lambda one: _size(one.snapshot_bytes),
    "peak MB, API": lambda one: _peaks(one.api_peak_mb, one.api_mapped_mb),
}


def _table(results: Sequence[Result], rows: dict[str, Callable[[Result], str]]) -> str:
    lines = [
        f"| {name.strip()} | {' | '.join(told(one) for one in results)} |" for name, told in rows.items()
    ]
    return "\n".join([*_head("events", results), *lines])


def _head(first: str, results: Sequence[Result], *more: str) -> list[str]:
    cells = [first, *(f"{one.events:,}" for one in results), *more]
    return [f"| {' | '.join(cells)} |", "|---" * len(cells) + "|"]


def _night_ratio(results: Sequence[Result]) -> str:
    ratios = [
        f"{name} {large / small:.2f} x"
        for name, figure in {"whole": _whole, **{name: _step(name) for name in STEPS}}.items()
        if (small := results[0].night(figure)) and (large := results[-1].night(figure))
    ]
    if not ratios:
        return "There is no ratio of the nights: one of the sizes has none."
    return (
        f"The night at {results[-1].events:,} events beside that at {results[0].events:,}: {', '.join(ratios)} "
        f"(wanted for the whole: at most {NIGHT_RATIO:g} x)."
    )


def _failures(results: Sequence[Result]) -> str:
    found = [(one, failure) for one in results for failure in one.failures]
    if not found:
        unfinished = [f"{one.events:,}" for one in results if not one.is_done]
        return (
            f"Not finished: {', '.join(unfinished)} events." if unfinished else "Failed or killed: nothing."
        )
    head = [
        "**Failed:**",
        "",
        "| events | run | step | after s | peak MB | error |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *(_failure(one, failure) for one, failure in found)])


def _failure(one: Result, failure: Failure) -> str:
    error = failure.error.replace("|", "\\|")
    return f"| {one.events:,} | {failure.run} | {failure.step} | {failure.seconds:.0f} | {_peaks(failure.peak_mb, failure.mapped_mb)} | {error} |"


def _written(results: Sequence[Result]) -> str:
    rows = [_last(one, "rows_processed") for one in results]
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [f"| {_short(name)} | {' | '.join(f'{row[name]:,.0f}' if name in row else NONE for row in rows)} |" for name in names]  # fmt: skip
    return "\n".join([*_head("rows", results), *lines])


def _models(results: Sequence[Result]) -> str:
    seconds = [_last(one, "seconds") for one in results]
    longest = sorted(seconds[-1], key=lambda name: -seconds[-1][name])[:LONGEST]
    lines = [f"| {_short(name)} | {' | '.join(_seconds(row.get(name)) for row in seconds)} |" for name in longest]  # fmt: skip
    whole = [_seconds(sum(row.values()) if row else None) for row in seconds]
    return "\n".join([*_head("model", results), *lines, f"| all models | {' | '.join(whole)} |"])


def _last(one: Result, report: str) -> dict[str, float]:
    """A report of the last night's build, by model; empty without a night."""
    found: dict[str, float] = one.counted[-1].record["build"][report] if one.counted else {}
    return found


def _short(name: str) -> str:
    return name.split(".")[-1]


def _unchanged(results: Sequence[Result]) -> list[str]:
    facts = list(dict.fromkeys((found.fact, found.date) for one in results for found in one.unchanged))
    return [
        f"Months of `{fact}` by `{date}` without a row changed by the night: "
        + "; ".join(_of_fact(one, fact) for one in results if one.unchanged)
        + "."
        for fact, date in facts
    ]


def _of_fact(one: Result, fact: str) -> str:
    nights = [found for found in one.unchanged if found.fact == fact]
    told = [f"{found.unchanged} of {found.months} ({found.unchanged_rows / max(found.rows, 1):.0%} of the rows)" for found in nights]  # fmt: skip
    return f"at {one.events:,} events {', '.join(told)}"


def _latencies(results: Sequence[Result]) -> str:
    names = list(dict.fromkeys(latency.name for one in results for latency in one.latencies))
    lines = [f"| {name} | {' | '.join(_latency(one, name) for one in results)} | {_ratio(results, name)} |" for name in names]  # fmt: skip
    return "\n".join([*_head("endpoint", results, "p95, largest / smallest"), *lines])


def _latency(one: Result, name: str) -> str:
    found = next((latency for latency in one.latencies if latency.name == name), None)
    return f"{found.p50_ms:.1f} / {found.p95_ms:.1f} / {found.p99_ms:.1f}" if found else NONE


def _ratio(results: Sequence[Result], name: str) -> str:
    found = p95_ratios(results).get(name)
    return NONE if found is None else f"{found:.2f}"


def p95_ratios(results: Sequence[Result]) -> dict[str, float]:
    """By endpoint: the p95 at the largest size over that at the smallest."""
    smallest = {latency.name: latency.p95_ms for latency in results[0].latencies}
    return {
        latency.name: latency.p95_ms / smallest[latency.name]
        for latency in results[-1].latencies
        if latency.name in smallest
    }


def _api_ratio(results: Sequence[Result]) -> str:
    missed = [name for name, ratio in p95_ratios(results).items() if ratio > API_RATIO]
    return f"Above {API_RATIO:g} x in p95 (wanted: none): {'; '.join(missed) or 'none'}."
