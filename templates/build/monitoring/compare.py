"""How a batch's column differs from the baseline: what chance explains, and how large the difference is.

`compare` looks at one column. With windows in the baseline each statistic of the batch (the share of missing values,
level and spread of numbers, cumulative shares, the share of each category) is compared with what is expected of a
window at that time, and its variance has three parts: how wrong such expectations have been, how much more shorter
batches vary, and the batch's own number of rows. Without windows the batch and the baseline are two samples of rows.

A p-value is corrected for all statistics of the column; the effect is the largest difference of two cumulative shares,
or of a category's shares, from 0 to 1.
"""

from monitoring import compare_rows, compare_windows
from monitoring.baseline import Feature
from monitoring.comparison import Comparison, When, alike


def compare(seen: Feature, known: Feature, when: When | None = None) -> Comparison:
    """How a batch's column differs from the baseline's; both have values, and are of one kind.

    Args:
        seen: The batch's column.
        known: The baseline's.
        when: The batch's days, to find what is expected of them where the baseline has windows.
    """
    when = when or When()
    windows = alike(known.windows, when)
    found = None if windows is None else compare_windows.against_windows(seen, known, windows, when)
    return found or compare_rows.against_all(seen, known, compare_rows.effective(known.windows, when))


def missing_only(seen: Feature, known: Feature, when: When) -> Comparison:
    """The same where the values themselves cannot be compared."""
    found = compare_windows.missing_against_windows(seen, known, when)
    if found is not None:
        return found
    chance, share = compare_rows.missing_of_all(seen, known)
    return Comparison(1.0, 0.0, "", missing=chance, missing_expected=share)
