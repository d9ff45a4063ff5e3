"""Run histories by hand: `python -m tests.sim repeat 'cb 63:cut-after'`, `… singles cb`, `… pairs --runs 1000`."""

import argparse
import itertools
import sys

from tests.sim import scenes, sweep


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    verbs = parser.add_subparsers(required=True, dest="verb")
    repeat = verbs.add_parser("repeat", help="live through one history again and tell everything")
    repeat.add_argument("scene", choices=scenes.SCENES)
    repeat.add_argument("faults", nargs="?", default="", help="NUMBER:FAULT,…")
    repeat.add_argument("--points", action="store_true", help="every point too")
    one = verbs.add_parser("singles", help="every single fault of the scenes")
    one.add_argument("scene", nargs="*", default=list(scenes.SCENES))
    two = verbs.add_parser("pairs", help="two faults in one history")
    two.add_argument("--runs", type=int, default=1000)
    two.add_argument("--seed", type=int, default=1)
    return parser


def main() -> int:
    """Do what the command line says; 1 when a promise was broken."""
    args = _parser().parse_args()
    if args.verb == "repeat":
        lines = sweep.timeline(f"{args.scene} {args.faults}", verbose=args.points)
        print("\n".join(lines))
        return int(any(line.startswith(("BROKEN", "RAISED")) for line in lines))
    if args.verb == "singles":
        jobs = [job for scene in args.scene for job in sweep.singles(scene)]
    else:
        sources = [sweep.pairs(scene, args.seed) for scene in scenes.SCENES]
        jobs = list(itertools.islice(itertools.chain.from_iterable(zip(*sources, strict=True)), args.runs))
    totals = sweep.run(jobs)
    print(totals)
    print(sweep.report(totals.bad))
    return int(bool(totals.bad))


if __name__ == "__main__":
    sys.exit(main())
