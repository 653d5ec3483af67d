"""`make bench-monitoring-power`: false alarms on clean batches, and which shifts and faults are noticed.

    python -m bench.power [--whole] [--config CONFIG]     CONFIG: a rendered project's config.toml, for the sample's
    weeks

Shares come with 95 % intervals (Wilson, 1927). `--whole`: at least 200 clean and 100 shifted batches for each cell.
"""

# mypy: ignore-errors
# ruff: noqa: PLR2004
# It runs in the environment of the build template, which that of the checks does not have.

import argparse
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

from bench.power import kinds, rules, weeks

BASELINE = 5000
SIZES = (14, 50, 500, 5000, 50_000)
TIMED = ((350, 14), (350, 49), (350, 350), (3500, 3500))
DRIFT = 0.05
SHARED = 20
"""Batches that share a baseline."""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="False alarms and misses")
    parser.add_argument("--whole", action="store_true", help="as many draws as the figures need: hours")
    parser.add_argument("--config", type=Path, default=None, help="config.toml of a rendered project of the sample")
    parser.add_argument("--only", default="", help="clean, timed, shifts, slow or sample")
    parser.add_argument("--kind", default="", help="of clean and timed: one kind of tables")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    tables = {"clean": clean, "timed": timed, "shifts": shifts, "slow": slow}
    for name, table in tables.items():
        if given.only in ("", name):
            started = time.perf_counter()
            table(whole=given.whole, **({"only": given.kind} if name in ("clean", "timed") else {}))
            print(f"  ({time.perf_counter() - started:.0f} s)\n", flush=True)
    if given.config and given.only in ("", "sample"):
        sample(given.config)


def clean(*, whole: bool, only: str = "") -> None:
    """Clean batches with any finding, by kind and size."""
    times = 200 if whole else 20
    print(f"clean batches with any finding, % of {times} against {BASELINE:,} rows; 20 columns; at most 2 % a kind")
    for kind, draw in [(kind, draw) for kind, draw in kinds.PLAIN.items() if only in ("", kind)]:
        total: dict[str, int] = {}
        for size in SIZES:
            seen: dict[str, int] = {}
            for seed in range(times):
                draws = np.random.default_rng([seed, size, 7])
                # What is as large as the baseline is far from it as often as the baseline is from the truth.
                if seed % SHARED == 0 or size >= BASELINE:
                    judges = rules.judges(draw(draws, BASELINE))
                batch = draw(draws, size)
                for name, judge in judges.items():
                    seen[name] = seen.get(name, 0) + judge(batch)
            _line(f"{kind}, {size:,} rows", seen, times)
            for name, count in seen.items():
                total[name] = total.get(name, 0) + count
        _line(f"{kind}, all", total, times * len(SIZES))


def timed(*, whole: bool, only: str = "") -> None:
    """Clean weeks of seasons, trends and random walks."""
    baselines, ahead = (20, 10) if whole else (4, 5)
    print(
        f"clean weeks with any finding, % of {baselines * ahead}: rows of a week in the baseline (three years) / batch"
    )
    for kind in [kind for kind in kinds.TIMED if only in ("", kind)]:
        total = 0
        for rows in TIMED:
            fired = sum(
                sum(weeks.clean_weeks(kind, seed, rows, 156 if rows[0] < 1000 else 110, ahead))
                for seed in range(baselines)
            )
            _line(f"{kind}, {rows[0]:,} / {rows[1]:,} rows", {"ours": fired}, baselines * ahead)
            total += fired
        _line(f"{kind}, all", {"ours": total}, baselines * ahead * len(TIMED))


def shifts(*, whole: bool) -> None:
    """Shifts of one of twenty columns, 500 rows against 5,000."""
    times = 200 if whole else 40
    print(f"shifts of one of 20 columns that are noticed, % of {times}; 500 rows against {BASELINE:,}")
    for name, shift in {"no shift": lambda table, _: table, **kinds.SHIFTS}.items():
        seen: dict[str, int] = {}
        for seed in range(times):
            draws = np.random.default_rng([seed, 11])
            judges = rules.judges(kinds.mixed(draws, BASELINE))
            batch = shift(kinds.mixed(draws, 500), draws)
            for judge, judged in judges.items():
                seen[judge] = seen.get(judge, 0) + judged(batch)
        _line(name, seen, times)


def slow(*, whole: bool) -> None:
    """The batch at which a slow drift is noticed first."""
    times = 100 if whole else 20
    print(f"slow drift of {DRIFT} sd a batch, 500 rows against {BASELINE:,}: noticed at batch (median of {times})")
    first: dict[str, list[int]] = {}
    for seed in range(times):
        draws = np.random.default_rng([seed, 13])
        judges = rules.judges(kinds.mixed(draws, BASELINE))
        waiting = dict(judges)
        for number in range(1, 16):
            batch = kinds.mean(kinds.mixed(draws, 500), draws, DRIFT * number)
            for name in [name for name, judge in waiting.items() if judge(batch)]:
                first.setdefault(name, []).append(number)
                del waiting[name]
    for name, numbers in first.items():
        print(f"  {name:<24}{statistics.median(numbers):>6.1f}")


def sample(config: Path) -> None:
    """The sample's weeks: clean ones, and its own week with faults."""
    known = weeks.Sample(config, 65)
    with tempfile.TemporaryDirectory() as folder:
        checked = known.checked(Path(folder))
        fired = [week for week in range(5, 65) if checked.found(*known.with_before(week))]
        print(f"the sample's 60 clean weeks after its data: {len(fired)} with a finding {fired or ''}")
        for name, fault in weeks.FAULTS.items():
            week, before = known.with_before(5)
            found = checked.found(fault(week), before)
            print(f"  {name:<26}{found[0].sentence if found else 'missed'}")
        for name in ("price x 1.2", "temperature + 5 degrees", "a column permuted"):
            often = 0
            for number in range(5, 65):
                week, before = known.with_before(number)
                often += bool(checked.found(weeks.FAULTS[name](week), before))
            _line(f"{name}, in weeks 5 to 64", {"ours": often}, 60)


def _line(what: str, seen: dict[str, int], times: int) -> None:
    cells = "".join(f"  {name} {100 * count / times:5.1f} [{_interval(count, times)}]" for name, count in seen.items())
    print(f"  {what:<36}{cells}", flush=True)


def _interval(count: int, times: int) -> str:
    z = 1.96
    share, width = count / times, 1 + z**2 / times
    middle = (share + z**2 / (2 * times)) / width
    half = z / width * np.sqrt(share * (1 - share) / times + z**2 / (4 * times**2))
    return f"{100 * max(0.0, middle - half):.1f}-{100 * min(1.0, middle + half):.1f}"


if __name__ == "__main__":
    main()
