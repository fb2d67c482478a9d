"""`make bench [ONLY=name]`: each figure beside its reference, as a table and in build/bench.json. It reports and does not judge: the exit status is 0."""

import argparse
import sys

from tests.bench import commit_to_paint, first_paint, frozen_first_paint, keystroke, large_list, local_edit, search_typing
from tests.bench.report import Bench, Row, table, write
from tests.window.program import ROOT

BENCHES: dict[str, Bench] = {
    "first-paint": first_paint.run,
    "first-paint-large": first_paint.run_large,
    "frozen-first-paint": frozen_first_paint.run,
    "commit-to-paint": commit_to_paint.run,
    "keystroke": keystroke.run,
    "local-edit": local_edit.run,
    "large-list": large_list.run,
    "search": search_typing.run,
    "search-million": search_typing.run_million,
}


def main() -> int:
    """Run those that are named, else all."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHES)}; all when none is named")
    arguments = parser.parse_args()
    wanted = arguments.names or list(BENCHES)
    unknown = [name for name in wanted if name not in BENCHES]
    if unknown:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(BENCHES)}")
    rows: list[Row] = []
    for name in wanted:
        rows += BENCHES[name]()
    print(table(rows))
    path = ROOT / "build" / "bench.json"
    write(rows, path)
    print(f"\nmedians of at least 5 runs, ours and the reference in turns; saved in {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
