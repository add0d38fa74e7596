"""Published nights on generated data and on the edge cases, each with its reference rows."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import psycopg
import pytest

from demo.generate import generate

from . import edge_cases
from .asking import Source, ask_about
from .happening import let_things_happen
from .nights import Night, observe, run_nightly

GENERATED_AS_OF = datetime(2026, 3, 30, 21, 15, tzinfo=UTC)


@pytest.fixture(scope="session")
def edge_nights(
    make_database: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Night]:
    """Three nights in a row over the edge cases in one warehouse: each builds on the one before."""
    source_url, data_dir = make_database(), tmp_path_factory.mktemp("edge-cases")
    with psycopg.connect(source_url) as connection:
        edge_cases.load(connection)
    nights = {}
    for label, as_of in (("dst-hour", edge_cases.DST_HOUR), ("january-end", edge_cases.JANUARY_END)):
        run_nightly(source_url, data_dir, as_of)
        nights[label] = observe(source_url, data_dir, as_of)
    with psycopg.connect(source_url) as connection:
        edge_cases.change(connection)
    run_nightly(source_url, data_dir, edge_cases.LEAP_NIGHT)
    return nights | {"leap-night": observe(source_url, data_dir, edge_cases.LEAP_NIGHT)}


@pytest.fixture(scope="session")
def generated_night(make_database: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Night:
    """One night over a generated school year; rows later than its as_of are future rows."""
    source_url, data_dir = make_database(), tmp_path_factory.mktemp("generated")
    generate(source_url, learners=60, events=10_000, days=120, seed=20260330, as_of=GENERATED_AS_OF)
    run_nightly(source_url, data_dir, GENERATED_AS_OF)
    return observe(source_url, data_dir, GENERATED_AS_OF)


@pytest.fixture(scope="session")
def night(request: pytest.FixtureRequest) -> Callable[[str], Night]:
    """Return `night(label)`: "generated" or one of the three edge-case nights, built when first asked for."""

    def built(label: str) -> Night:
        if label == "generated":
            found: Night = request.getfixturevalue("generated_night")
            return found
        nights: dict[str, Night] = request.getfixturevalue("edge_nights")
        return nights[label]

    return built


@pytest.fixture(scope="session")
def asked(night: Callable[[str], Night]) -> Iterator[Callable[[str], Source]]:
    """Return `asked(label)`: a night served by a real API, beside its reference."""
    with ExitStack() as running:
        sources: dict[str, Source] = {}

        def about(label: str) -> Source:
            if label not in sources:
                sources[label] = running.enter_context(ask_about(night(label), small_group=1))
            return sources[label]

        yield about


@pytest.fixture(scope="session")
def discreet(night: Callable[[str], Night]) -> Iterator[Source]:
    """The edge cases, served to students without figures about fewer than five people."""
    with ask_about(night("leap-night"), small_group=5) as source:
        yield source


@pytest.fixture(scope="session")
def happening(asked: Callable[[str], Source]) -> Source:
    """The edge cases while things happen: fresh events, after as_of and so in no other answer."""
    source = asked("leap-night")
    let_things_happen(source)
    return source
