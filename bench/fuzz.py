"""How many spoilt files each parser survives in a minute; `make fuzz MINUTES=50` gives each of them ten."""

import sys

from syncd.formats import FORMATS
from tests.formats import fuzz


def main() -> None:
    sys.argv += ["--minutes", str(len(FORMATS))]
    fuzz.main()


if __name__ == "__main__":
    main()
