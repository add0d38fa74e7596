"""Names of people who do not exist."""

import numpy as np

from demo.plan import Ints

# Long and unusual on purpose: a search for a name in published files must not find ordinary words.
FIRST_NAMES = (
    "Annelise",
    "Bartholomew",
    "Chukwuemeka",
    "Dagfinn",
    "Eilidh",
    "Freyja",
    "Guðrún",
    "Hrothgar",
    "Ingeborg",
    "Jiřina",
    "Kealoha",
    "Lupeolevavau",
    "Małgorzata",
    "Nayeli",
    "Ørjan",
    "Parvati",
    "Quetzalli",
    "Rosalinda",
    "Siobhán",
    "Thorvald",
    "Umaymah",
    "Vaishnavi",
    "Wilhelmina",
    "Xiadani",
    "Yevgeniya",
    "Zsuzsanna",
    "さくらこ",
    "浩太郎",
    "فاطمةالزهراء",
)
LAST_NAMES = (
    "Abrahamsen",
    "Bhattacharya",
    "Castellanos",
    "Dąbrowska",
    "Eskildsen",
    "Fitzgerald",
    "Guðmundsson",
    "Hernández",
    "Ikeizumi",
    "Jóhannesson",
    "Kristoffersen",
    "Lindqvist",
    "Mutasaʻaloa",
    "Nwachukwu",
    "O'Shaughnessy",
    "Papadopoulos",
    "Quintanilla",
    "Rasmussen-Holm",
    "Subramaniam",
    "Tuʻipelehake",
    "Underwood",
    "Vasconcelos",
    "Wolstenholme",
    "Xochimilco",
    "Yamaguchi",
    "Zamorano",
)


def new_names(stream: np.random.Generator, numbers: Ints) -> dict[str, list[str | None]]:
    """Return username, e-mail, first and last name for each number, which makes the first two unique."""
    first, last = (stream.integers(0, len(names), len(numbers)) for names in (FIRST_NAMES, LAST_NAMES))
    usernames = [f"pupil{number:07d}.{stem:02d}" for number, stem in zip(numbers, last, strict=True)]
    return {
        "username": list(usernames),
        "email": [f"{name}@mail.example" for name in usernames],
        "first_name": [FIRST_NAMES[number] for number in first],
        "last_name": [LAST_NAMES[number] for number in last],
    }
