"""What to generate, and the two sources of everything reproducible: random streams and UUIDs by number."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt

from demo.server import DemoError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SECOND = 1_000_000  # timestamps are int64 microseconds since 1970 UTC, as in PostgreSQL and Arrow
HOUR = 3600 * SECOND
DAY = 24 * HOUR
SMALLEST = {"learners": 20, "events": 200, "days": 7}


@dataclass(frozen=True)
class Plan:
    """The size and seed of a platform; equal plans make equal rows. `as_of` is aware, in UTC."""

    learners: int
    events: int
    days: int
    seed: int
    as_of: datetime

    def __post_init__(self) -> None:
        for name, least in SMALLEST.items():
            if getattr(self, name) < least:
                raise DemoError(f"{name} must be at least {least}, not {getattr(self, name)}")
        require_zone(self.as_of)

    @property
    def now(self) -> int:
        """`as_of` in microseconds."""
        return microseconds(self.as_of)

    @property
    def first_date(self) -> date:
        """The first local date with events; there are `days` dates up to the UTC date of as_of."""
        return self.as_of.astimezone(UTC).date() - timedelta(days=self.days - 1)

    def stream(self, topic: str, number: int = 0) -> np.random.Generator:
        """Return the random stream of one topic, independent of how much other topics draw."""
        return random_stream(self.seed, topic, number)


def require_zone(as_of: datetime) -> None:
    """Raise DemoError when a moment does not say in which time zone it is meant."""
    if as_of.tzinfo is None:
        raise DemoError(f"as_of must carry a time zone: {as_of.isoformat()}")


def random_stream(seed: int, topic: str, number: int = 0) -> np.random.Generator:
    """Return a random stream that depends on nothing but its three arguments."""
    return np.random.default_rng(list(_digest(f"{seed}/{topic}/{number}")))


def uuids(seed: int, kind: str, numbers: Ints) -> npt.NDArray[np.uint8]:
    """Return version 4 UUIDs, shape (n, 16), one for each number: the same for equal arguments."""
    first, second = _digest(f"{seed}/uuid/{kind}")
    high = _scramble(numbers.astype(np.uint64) + np.uint64(first))
    low = _scramble(high ^ np.uint64(second))
    octets = np.stack([high, low], axis=1).astype(">u8").view(np.uint8).reshape(-1, 16)
    octets[:, 6] = octets[:, 6] & 0x0F | 0x40
    octets[:, 8] = octets[:, 8] & 0x3F | 0x80
    return octets


def microseconds(moment: datetime) -> int:
    """Return an aware datetime as microseconds since 1970 UTC."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def moment_of(microsecond: int) -> datetime:
    """Return microseconds since 1970 UTC as an aware datetime."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microsecond)


def some_of(stream: np.random.Generator, total: int, count: int) -> Ints:
    """Return `count` different positions below `total` (all of them when there are fewer), ascending."""
    return np.sort(stream.choice(total, min(count, total), replace=False)).astype(np.int64)


def _digest(text: str) -> tuple[int, int]:
    octets = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return int.from_bytes(octets[:8], "big"), int.from_bytes(octets[8:], "big")


def _scramble(value: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """SplitMix64 (Steele, Lea and Flood 2014): a bijection, so different numbers never collide."""
    mixed = value * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
