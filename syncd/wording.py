"""How sentences speak: of numbers, one file, two files; of what others wrote, so that it cannot steer a terminal."""

import unicodedata


def counted(number: int, one: str, many: str = "") -> str:
    """Say how many there are of something: “1 delivery”, “2 deliveries”; `many` where that is more than a plural."""
    if number == 1:
        return f"1 {one}"
    return f"{number} {many or _plural(one)}"


def _plural(noun: str) -> str:
    ends_in_y = noun.endswith("y") and noun[-2] not in "aeiou"
    return f"{noun[:-1]}ies" if ends_in_y else f"{noun}s"


def shown(text: str) -> str:
    """Return what others wrote as a terminal may have it: on one line, and what is no visible character escaped."""
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode("ascii")
