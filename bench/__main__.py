"""`make bench`: ratios against a peer or a limit, measured side by side in the same minutes.

Single figures of a noisy machine mean little; each ratio is the median of pairs run one after the other.
"""

import sys

from bench import bitbucket, day_two, environment, pipelines, startup

MEASUREMENTS = (
    startup.help_page,
    startup.project,
    environment.size,
    bitbucket.latency,
    pipelines.overhead,
    pipelines.transform,
    day_two.many_projects,
)


def main() -> int:
    """Print a line for each measurement; exit 1 where a limit is passed."""
    print(f"{'what':<74}{'measured':>10}{'at most':>10}")
    passed = True
    for measure in MEASUREMENTS:
        for line in measure():
            print(line, flush=True)
            passed = passed and line.kept
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
