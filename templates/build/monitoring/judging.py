"""From what was looked at to findings: sure over all that was looked at, and large enough to matter.

Each look has a weight: its part of the chance that a good batch raises any alarm (`settings.LEVELS`). Weights are only
of what could have become a finding at all (Tarone, 1990), so a column without missing values costs the others nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from monitoring import evidence
from monitoring.findings import Finding, Skipped

Outcome = Finding | Skipped

DRIFT, SHARE, TABLE = 1.0, 0.2, 0.2
"""Weights: of a column's distribution, of a share of its values, of a look at the whole table."""
WINDOWS = 0.125
"""By which weights count less where windows say what is expected: they are few and alike, and a forecast was chosen."""
STEPS = 0.5
"""The same of steps from one day to the next, which are less alike than levels are."""
CERTAIN = 0.01
"""A chance so much smaller is certain: then it matters, too, what good windows have had themselves."""


@dataclass(frozen=True)
class Look:
    """Something that was looked at.

    Attributes:
        finding: What it is if it is sure; its `p_value` is that of this look alone.
        matters: Whether it is large enough.
        certain: Whether it is large enough where there is hardly any doubt.
        weight: Its part of the chance of a false alarm.
        trust: A factor of that chance.
        least: The smallest p-value that any batch of this size could have.
    """

    finding: Finding
    matters: bool
    certain: bool = False
    weight: float = SHARE
    trust: float = 1.0
    least: float = 0.0


def judge(looks: Sequence[Look], chance: float) -> Iterator[tuple[Look, Outcome | None]]:
    """Each look with its finding, or why nothing could have been found, or nothing.

    Args:
        looks: All that was looked at in one batch.
        chance: Of any false alarm among them.
    """
    total = sum(look.weight for look in looks)
    for look in looks:
        share = look.weight / total * look.trust
        sure = evidence.corrected(look.finding.p_value or 0.0, share)
        if (sure < chance and look.matters) or (sure < CERTAIN * chance and look.certain):
            yield look, replace(look.finding, p_value=sure)
        elif evidence.corrected(look.least, share) >= chance:
            yield look, Skipped(look.finding.feature, look.finding.check, "too few")
        else:
            yield look, None
