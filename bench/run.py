"""Run the measurements, all or those that are named: `python bench/run.py [NAME…]`. Figures in docs/ come from here."""

import runpy
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    sys.path.insert(0, str(HERE.parent))
    names = sys.argv[1:] or sorted(path.stem for path in HERE.glob("[a-z]*.py") if path.stem != "run")
    for name in names:
        print(f"== {name}", flush=True)
        sys.argv = [name]
        runpy.run_path(str(HERE / f"{name}.py"), run_name="__main__")


if __name__ == "__main__":
    main()
