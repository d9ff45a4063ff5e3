"""How a secret may look where somebody else wrote it down, and how it is made unreadable there."""

BLACKED = "***"
SHORT = 4
"""Characters from which on a secret without the blanks at its ends is no word that stands in any text."""


def forms(secret: str) -> list[str]:
    """Return a secret as it is, without the blanks at its ends, and its UTF-8 read as ISO 8859-1; the longest first."""
    bare = secret.strip()
    spelt = {secret, bare} if len(bare) >= SHORT else {secret}
    spelt |= {form.encode("utf-8", "surrogateescape").decode("latin-1") for form in spelt}
    return sorted(spelt - {""}, key=len, reverse=True)


def masked(text: str, secret: str) -> str:
    """Return a text with every form of a secret blacked out."""
    for form in forms(secret):
        text = text.replace(form, BLACKED)
    return text
