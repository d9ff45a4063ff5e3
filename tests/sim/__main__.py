"""Run histories by hand: `python -m tests.sim repeat 'cb 63:cut-after'`, `… singles cb`, `… pairs --runs 1000`."""

import argparse
import itertools
import sys

from tests.sim import scenes, soak, sweep


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    verbs = parser.add_subparsers(required=True, dest="verb")
    repeat = verbs.add_parser("repeat", help="live through one history again and tell everything")
    repeat.add_argument("scene", choices=[*scenes.SCENES, "years", "storms"])
    repeat.add_argument("faults", nargs="?", default="", help="NUMBER:FAULT,… or SEED:DAYS")
    repeat.add_argument("--points", action="store_true", help="every point too")
    one = verbs.add_parser("singles", help="every single fault of the scenes")
    one.add_argument("scene", nargs="*", default=list(scenes.SCENES))
    net = verbs.add_parser("hunt", help="stop at the first broken promise of a scene's single faults")
    net.add_argument("scene", choices=scenes.SCENES)
    net.add_argument("where", nargs="?", default="", help="only at points that are called so")
    two = verbs.add_parser("pairs", help="two faults in one history")
    two.add_argument("scene", nargs="*", default=list(scenes.SCENES))
    two.add_argument("--runs", type=int, default=1000)
    two.add_argument("--seed", type=int, default=1)
    long = verbs.add_parser("years", help="random operation")
    long.add_argument("--seed", type=int, default=1)
    long.add_argument("--runs", type=int, default=2)
    long.add_argument("--days", type=int, default=23)
    long.add_argument("--storms", action="store_true", help="ten times as many faults")
    soaking = verbs.add_parser("soak", help="all of it, for hours; the total is kept in tests/sim/soak.json")
    soaking.add_argument("--hours", type=float, default=8.0)
    soaking.add_argument("--cores", type=int, default=soak.CORES)
    return parser


def main() -> int:
    """Do what the command line says; 1 when a promise was broken."""
    args = _parser().parse_args()
    if args.verb == "repeat":
        lines = sweep.timeline(f"{args.scene} {args.faults}", verbose=args.points)
        print("\n".join(lines))
        return int(any(line.startswith(("BROKEN", "RAISED")) for line in lines))
    if args.verb == "soak":
        return soak.run(args.hours, args.cores)
    if args.verb == "hunt":
        outcome = sweep.hunt(args.scene, args.where)
        if outcome is not None:
            print(f"{outcome.broken[0]} ({outcome.job})")
        return int(outcome is not None)
    jobs: list[sweep.Job | sweep.Months]
    if args.verb == "singles":
        jobs = [job for scene in args.scene for job in sweep.singles(scene)]
    elif args.verb == "years":
        jobs = [sweep.Months(seed, args.days, args.storms) for seed in range(args.seed, args.seed + args.runs)]
    else:
        sources = [sweep.pairs(scene, args.seed) for scene in args.scene]
        jobs = list(itertools.islice(itertools.chain.from_iterable(zip(*sources, strict=True)), args.runs))
    totals = sweep.run(jobs)
    print(totals)
    print(sweep.report(totals.bad))
    return int(bool(totals.bad))


if __name__ == "__main__":
    sys.exit(main())
