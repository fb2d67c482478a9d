"""`make sim SEEDS=n`: so many seeds on all cores (JOBS=1 for one), and the closing line; a failing seed is shrunk and says how to replay it.

ARGS="replay 17" tells what happens in a seed, ARGS="replay 17 --without desk:3,!5" without some of its operations and faults, ARGS=mutants proves that the
simulation can fail, ARGS="digests 0 100" names what happened in seeds, for two runs to be compared.
"""

import argparse
import sys
import time

from tests.sim.mutants import MOST, MUTANTS, caught
from tests.sim.seeds import Failure, Total, cores, digest, live, live_all, shrink

SHOWN = 40
"""Lines of a failing seed's trace."""
SHRUNK = 3
"""Failing seeds that are shrunk."""


def main() -> int:
    """Do what the arguments say; 1 where a promise did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", default="run", choices=["run", "replay", "mutants", "digests"])
    parser.add_argument("numbers", nargs="*", type=int)
    parser.add_argument("--seeds", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=cores())
    parser.add_argument("--without", default="", help="operations and faults, as a shrunk seed names them")
    arguments = parser.parse_args()
    match arguments.what:
        case "replay":
            return replay(arguments.numbers[0], arguments.without)
        case "mutants":
            return prove()
        case "digests":
            print("\n".join(map(digest, range(*arguments.numbers))))
            return 0
    return run(range(arguments.first, arguments.first + arguments.seeds), arguments.jobs)


def run(seeds: range, jobs: int) -> int:
    """Live through seeds and print the closing line."""
    total, begun = Total(), time.monotonic()
    for lived in live_all(seeds, jobs):
        total.add(lived)
        if lived.failure and len(total.failures) <= SHRUNK:
            explain(lived.seed, lived.failure)
        elif lived.failure:
            print(f"seed {lived.seed}: {lived.failure[1]}", flush=True)
    print(total.line())
    print(f"{time.monotonic() - begun:.0f} s with {jobs} processes", file=sys.stderr)
    return 1 if total.failures else 0


def explain(seed: int, failure: Failure) -> None:
    """Print how a seed fails, in its shortest form, and how to see that again."""
    print(f"seed {seed}: {failure[1]}", flush=True)
    without = shrink(seed, failure[0])
    lived = live(seed, without, traced=True)
    print(f"  of {len(live(seed).did)} operations and faults these are needed: {' '.join(lived.did)}")
    print("\n".join(f"  {line}" for line in lived.trace[-SHOWN:]))
    print(f'  make sim ARGS="replay {seed} --without {",".join(sorted(without))}"', flush=True)


def replay(seed: int, without: str) -> int:
    """Tell all that happens in a seed."""
    lived = live(seed, frozenset(filter(None, without.split(","))), traced=True)
    print("\n".join(lived.trace))
    print(f"seed {seed}: {lived.failure[1] if lived.failure else 'every promise holds'}")
    return 1 if lived.failure else 0


def prove() -> int:
    """Print by which seed and checker each deliberate bug is caught; 1 where one is not."""
    missed = 0
    for name, mutant in MUTANTS.items():
        found = caught(mutant, range(MOST))
        missed += found is None
        print(f"{name}: {f'seed {found[0]}, {found[1]}' if found else 'NOT CAUGHT'}", flush=True)
    print(f"{len(MUTANTS) - missed} of {len(MUTANTS)} bugs caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
