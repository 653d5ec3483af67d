"""NDCG: scikit-learn's value where both are defined, and a rule for everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from model.errors import InputError
from monitoring import ranking

if TYPE_CHECKING:
    from collections.abc import Sequence


def named(values: Sequence[float]) -> dict[str, float]:
    return {f"f{place}": value for place, value in enumerate(values)}


@pytest.mark.parametrize("seed", range(30))
def test_it_is_scikit_learns(seed: int) -> None:
    draws = np.random.default_rng(seed)
    count = int(draws.integers(2, 30))
    before, now = draws.random(count), draws.random(count)
    if seed % 3 == 0:  # with ties
        before, now = before.round(1), now.round(1) + 0.1
    wanted = ndcg_score([before], [now])
    assert ranking.ndcg(named(before.tolist()), named(now.tolist())) == pytest.approx(wanted, abs=1e-12)


def test_the_same_order_scores_one() -> None:
    assert ranking.ndcg(named([3, 2, 1]), named([30, 5, 0.1])) == 1.0


def test_a_worked_example() -> None:
    # gains 3, 2, 1 in the order 1, 2, 3: (1/1 + 2/log2(3) + 3/2) / (3/1 + 2/log2(3) + 1/2)
    assert ranking.ndcg(named([3, 2, 1]), named([1, 2, 3])) == pytest.approx(
        (2.5 + 1.26186) / (3.5 + 1.26186), abs=1e-5
    )


def test_equal_attributions_now_are_the_mean_of_their_orders() -> None:
    orders = [ranking.ndcg(named([4, 1]), named(now)) for now in ([2, 1], [1, 2])]
    assert ranking.ndcg(named([4, 1]), named([1, 1])) == pytest.approx(np.mean(orders))


def test_names_and_order_of_columns_do_not_matter() -> None:
    before, now = {"a": 3.0, "b": 1.0, "c": 2.0}, {"c": 5.0, "a": 5.0, "b": 5.0}
    turned = {name: before[name] for name in ("c", "b", "a")}
    assert ranking.ndcg(before, now) == ranking.ndcg(turned, now)


def test_of_negative_attributions_the_size_counts() -> None:
    assert ranking.ndcg(named([-3, 2, -1]), named([5, -2, 1])) == 1.0


def test_a_single_feature_cannot_change_its_rank() -> None:
    assert ranking.ndcg(named([0.5]), named([0.0])) == 1.0


@pytest.mark.parametrize(
    ("before", "now", "score"), [([0, 0], [0, 0], 1.0), ([0, 0], [1, 0], 0.0), ([2, 1], [0, 0], 0.0)]
)
def test_all_zeros_have_a_rule(before: list[float], now: list[float], score: float) -> None:
    assert ranking.ndcg(named(before), named(now)) == score


@pytest.mark.parametrize(("before", "now"), [({"a": 1.0}, {"b": 1.0}), ({}, {}), ({"a": 1.0, "b": 1.0}, {"a": 1.0})])
def test_other_features_are_an_error(before: dict[str, float], now: dict[str, float]) -> None:
    with pytest.raises(InputError, match="attributions cannot be compared"):
        ranking.ndcg(before, now)


def test_ranks_show_what_the_score_does_not() -> None:
    found = ranking.ranks(named([10, 9, 9, 0]), named([1, 9, 2, 0]))
    assert [(rank.feature, rank.rank_before, rank.rank_now) for rank in found] == [
        ("f0", 1, 3), ("f1", 2, 1), ("f2", 2, 2), ("f3", 4, 4),
    ]  # fmt: skip
