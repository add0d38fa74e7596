"""Asking one question on both sides."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .api_cases import Caller, Case, Population, population
from .compare import instant, json_differences, plain
from .http_api import Api, serve
from .nights import Night
from .plain_sql import Reference

NEWEST = 10


@dataclass(frozen=True)
class Source:
    """The API on a published night, and plain SQL on the operational database that night was built from."""

    night: Night
    api: Api
    reference: Reference
    population: Population

    def answered(self, case: Case) -> tuple[Any, list[str]]:
        """Return the API's data about this night, and the names of what it withholds from students."""
        body = self.api.get(case.path, case.caller.claims, case.parameters)
        withheld = body["meta"].get("withheld") or []
        assert case.caller.role == "student" or not withheld
        assert body["meta"]["snapshot_id"] == self.night.snapshot_id
        assert plain(instant(body["meta"]["as_of"])) == plain(self.night.as_of)
        return body["data"], withheld

    def expected(self, case: Case) -> Any:
        """Return what plain SQL says, with the snapshot's pseudonyms in place."""
        self.as_caller(case.caller)
        return _with_pseudonyms(
            self.reference.row(case.sql, **case.values)["data"], self.night.snapshot.pseudonyms
        )

    def as_caller(self, caller: Caller) -> None:
        """Let the reference session answer for this caller."""
        values = {"role": caller.role, "user_id": caller.user_id, "school_id": caller.school_id}
        self.reference.rows("set_caller", **values)

    def differences(self, case: Case) -> list[str]:
        """Return every field in which the two sides differ; what is withheld must be missing."""
        (ours, withheld), theirs = self.answered(case), self.expected(case)
        leave_out(withheld, ours, theirs)
        if case.sql == "api_dashboard":
            return _dashboard_differences(ours, theirs)
        if case.sql == "api_compliance_status":
            return _compliance_differences(ours, theirs)
        return json_differences(ours, theirs)


@contextmanager
def ask_about(night: Night, small_group: int) -> Iterator[Source]:
    """Serve a night, withholding figures about fewer people than `small_group`, beside the reference."""
    with serve(night.data_dir, night.source_url, small_group) as api, night.reference() as reference:
        yield Source(night, api, reference, population(night, reference))


def leave_out(withheld: list[str], ours: Any, theirs: Any) -> None:
    """Remove what is withheld from both sides; the answer must not hold it."""
    for name in withheld:
        assert not _taken(ours, name), f"{name} is withheld, and yet there"
        _taken(theirs, name)


def _taken(data: Any, name: str) -> Any:
    """Remove a field, as in `assignments.attempts_total`, and return what it was."""
    *parents, last = name.split(".")
    for parent in parents:
        data = data[parent]
    return data.pop(last)


def _dashboard_differences(ours: Any, theirs: Any) -> list[str]:
    """The newest ten completions: metrics.md leaves open which of several at the same instant comes first."""
    shown, known = ours["recent_completions"], theirs["recent_completions"]
    times = [row["completed_at"] for row in known[:NEWEST]]
    invented = [row for row in shown if not any(not json_differences(row, other) for other in known)]
    rest = [
        {name: value for name, value in side.items() if name != "recent_completions"}
        for side in (ours, theirs)
    ]
    return [
        *json_differences(rest[0], rest[1]),
        *json_differences(
            [row["completed_at"] for row in shown], times, "data.recent_completions.completed_at"
        ),
        *(f"data.recent_completions: {row} is not in plain SQL" for row in invented),
    ]


def _compliance_differences(ours: Any, theirs: Any) -> list[str]:
    """Compare what the source can tell: receipts, register and retention are the warehouse's own."""
    requests = {name: value for name, value in ours["requests"].items() if name != "by_kind"}
    by_kind = {
        name: sum(kind[name] for kind in ours["requests"]["by_kind"])
        for name in ("open", "overdue", "due_within_7_days")
    }
    known = {"requests": requests, **{name: ours[name] for name in ("minors", "incidents", "consents")}}
    return [
        *json_differences(known, theirs),
        *json_differences(by_kind, {name: theirs["requests"][name] for name in by_kind}, "data.by_kind"),
        *json_differences(ours["overall"], _overall(ours), "data.overall"),
    ]


def _overall(status: Any) -> str:
    """metrics.md: `breach` if anything is overdue, late or unproven, else `attention` or `ok`."""
    requests, minors = status["requests"], status["minors"]
    if requests["overdue"] or status["incidents"]["notified_late"] or status["erasures"]["unproven"]:
        return "breach"
    kept_too_long = sum(table["rows_overdue"] for table in status["retention"])
    if requests["due_within_7_days"] or minors["without_parental_consent"] or kept_too_long:
        return "attention"
    return "ok"


def _with_pseudonyms(value: Any, pseudonyms: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _with_pseudonyms(part, pseudonyms) for name, part in value.items()}
    if isinstance(value, list):
        return [_with_pseudonyms(part, pseudonyms) for part in value]
    if isinstance(value, str) and value.startswith("pseudonym:"):
        return pseudonyms[value.removeprefix("pseudonym:")]
    return value
