"""`make bench [ONLY=name]`: each figure beside its reference, as a table and in build/bench.json. It reports and does not judge: the exit status is 0."""

import argparse
import sys

from tests.bench import (
    commit_to_paint,
    first_paint,
    following,
    frozen_first_paint,
    keystroke,
    large_list,
    local_edit,
    peers,
    portal_first,
    resting,
    scrolling,
    search_typing,
    simulation,
    stalls,
    supabase_back,
    supabase_first,
    supabase_live,
    upgrading,
)
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
    "scrolling": scrolling.run,
    "scrolling-million": scrolling.run_million,
    "search": search_typing.run,
    "memory": resting.run_memory,
    "idle": resting.run_idle,
    "simulation": simulation.run,
    "catch-up": following.run_catch_up,
    "paging": following.run_paging,
    "first-sync": following.run_first,
    "week-away": following.run_week,
    "burst": following.run_burst,
    "stalls": stalls.run,
    "search-million": search_typing.run_million,
}

WHEN_NAMED: dict[str, Bench] = {
    "idle-long": resting.run_idle_long,
    "peers": peers.run,
    "portal-upgrade": upgrading.run,
    "portal-first": portal_first.run,
    "supabase-first": supabase_first.run,
    "supabase-live": supabase_live.run,
    "supabase-away": supabase_live.run_away,
    "supabase-back": supabase_back.run,
}
"""They take minutes, or install what they need: only where they are asked for."""


def main() -> int:
    """Run those that are named, else all."""
    known = BENCHES | WHEN_NAMED
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of {', '.join(known)}; all but {', '.join(WHEN_NAMED)} when none is named"
    )
    arguments = parser.parse_args()
    wanted = arguments.names or list(BENCHES)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(known)}")
    rows: list[Row] = []
    for name in wanted:
        rows += known[name]()
    print(table(rows))
    path = ROOT / "build" / "bench.json"
    write(rows, path)
    print(f"\nmedians of at least 5 runs, ours and the reference in turns; saved in {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
