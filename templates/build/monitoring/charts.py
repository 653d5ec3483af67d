"""Charts as inline SVG, coloured by the page's style so that they fit light, dark and paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.baseline import Feature, Summary
from monitoring.html import Safe, el, join
from monitoring.ranking import Rank

Shares = NDArray[np.float64]

BARS = 24
CATEGORIES = 8
FEW_VALUES = 12
WIDTH, HEIGHT = 300, 96
NAME = 20
"""Characters of a name that fit beside the lines of ranks."""


@dataclass(frozen=True)
class Overlay:
    """Shares of rows by place, of the baseline and now (None: there is only the other), and the places' names."""

    before: Shares | None
    now: Shares | None
    labels: Sequence[str]
    numeric: bool


def overlay(before: Feature | None, now: Feature | None) -> Overlay | None:
    """The two distributions of a column on one scale; None where neither can be drawn."""
    some = now or before
    if some is None:
        return None
    if not some.numeric:
        return _of_texts(before, now)
    one, other = (told.numbers if told else None for told in (before, now))
    values = sorted({value for known in (one, other) if known for value in known.bins.centres().tolist()})
    if len(values) > FEW_VALUES:
        return _of_numbers(one, other)
    return Overlay(
        _of_values(one, values), _of_values(other, values), [short(value) for value in values], numeric=False
    )


def _of_values(known: Summary | None, values: list[float]) -> Shares | None:
    if known is None:
        return None
    counts = dict(zip(known.bins.centres().tolist(), known.bins.counts.tolist(), strict=True))
    return np.array([counts.get(value, 0) for value in values]) / known.bins.total


def _of_numbers(before: Summary | None, now: Summary | None) -> Overlay | None:
    known = [summary for summary in (before, now) if summary]
    if not known:
        return None
    low, high = min(map(_low, known)), max(map(_high, known))
    if not low < high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BARS + 1)
    return Overlay(_shares(before, edges), _shares(now, edges), [short(float(edge)) for edge in edges], numeric=True)


def _low(known: Summary) -> float:
    """The value that hardly any is below: a single outlier must not squeeze all others into one bar."""
    return _quantile(known, 0.002)


def _high(known: Summary) -> float:
    return _quantile(known, 0.998)


def _quantile(known: Summary, share: float) -> float:
    values = np.clip(known.bins.centres(), known.low, known.high)
    place = int(np.searchsorted(np.cumsum(known.bins.counts), share * known.bins.total))
    return float(values[min(place, len(values) - 1)])


def _shares(known: Summary | None, edges: Shares) -> Shares | None:
    if known is None:
        return None
    values = np.clip(known.bins.centres(), edges[0], edges[-1])
    return np.asarray(np.histogram(values, edges, weights=known.bins.counts)[0] / known.bins.total)


def _of_texts(before: Feature | None, now: Feature | None) -> Overlay | None:
    counts = [
        (known.texts, known.present) if known and known.texts and known.present else None for known in (before, now)
    ]
    if not any(counts):
        return None
    total: dict[str, float] = {}
    for known in counts:
        for text, count in (known[0] if known else {}).items():
            total[text] = total.get(text, 0.0) + count / (known[1] if known else 1)
    most = _to_show(total, {text: _apart(counts, text) for text in total})
    rest = len(total) - len(most)
    labels = most + ([f"{rest} others"] if rest else [])
    one, other = (_text_shares(known, most, rest) for known in counts)
    return Overlay(one, other, labels, numeric=False)


def _to_show(total: Mapping[str, float], apart: Mapping[str, float]) -> list[str]:
    """The most frequent categories, and always those whose share changed the most."""
    changed = sorted(total, key=lambda text: (-apart[text], text))[: CATEGORIES // 2]
    often = sorted(total, key=lambda text: (-total[text], text))
    kept = set(list(dict.fromkeys([*changed, *often]))[:CATEGORIES])
    return [text for text in often if text in kept]


def _apart(counts: Sequence[tuple[Mapping[str, int], int] | None], text: str) -> float:
    shares = [known[0].get(text, 0) / known[1] for known in counts if known]
    return max(shares) - min(shares)


def _text_shares(known: tuple[Mapping[str, int], int] | None, most: list[str], rest: int) -> Shares | None:
    if known is None:
        return None
    shares = [known[0].get(text, 0) / known[1] for text in most]
    return np.array(shares + ([max(0.0, 1.0 - sum(shares))] if rest else []))


def distribution(shown: Overlay, name: str, *, drifted: bool) -> Safe:
    """The overlaid distributions: the baseline as a grey area, now as a line over a light one."""
    return _histogram(shown, name, drifted=drifted) if shown.numeric else _bars(shown, drifted=drifted)


def _histogram(shown: Overlay, name: str, *, drifted: bool) -> Safe:
    top = max(float(shares.max()) for shares in (shown.before, shown.now) if shares is not None) or 1.0
    layers = []
    if shown.before is not None:
        layers.append(el("path", d=_steps(shown.before / top, closed=True), class_="before"))
    if shown.now is not None:
        colour = "now drifted" if drifted else "now"
        layers += [
            el("path", d=_steps(shown.now / top, closed=closed), class_=f"{colour} {part}")
            for closed, part in ((True, "area"), (False, "line"))
        ]
    axis = [
        el("line", x1=0, x2=WIDTH, y1=HEIGHT, y2=HEIGHT, class_="axis"),
        *(
            el("text", shown.labels[place], x=x, y=HEIGHT + 13, text_anchor=anchor)
            for place, x, anchor in ((0, 0, "start"), (BARS // 2, WIDTH // 2, "middle"), (BARS, WIDTH, "end"))
        ),
    ]
    return el(
        "svg", *layers, *axis, viewBox=f"0 -4 {WIDTH} {HEIGHT + 20}", role="img", aria_label=f"Distribution of {name}"
    )


def _steps(heights: Shares, *, closed: bool) -> str:
    """A path along the tops of bars."""
    step = WIDTH / len(heights)
    points = [f"M0 {HEIGHT}"] if closed else [f"M0 {_y(heights[0])}"]
    for place, height in enumerate(heights):
        points.append(f"L{place * step:.1f} {_y(height)}H{(place + 1) * step:.1f}")
    return "".join(points) + (f"V{HEIGHT}Z" if closed else "")


def _y(height: float) -> str:
    return f"{HEIGHT * (1 - float(height)):.1f}"


def _bars(shown: Overlay, *, drifted: bool) -> Safe:
    """Categories as rows of two bars, with their names as text that can be read and searched."""
    rows = []
    top = max(float(shares.max()) for shares in (shown.before, shown.now) if shares is not None) or 1.0
    for place, label in enumerate(shown.labels):
        bars = [
            bar(shares[place] / top, kind)
            for shares, kind in ((shown.before, "before"), (shown.now, "now drifted" if drifted else "now"))
            if shares is not None
        ]
        shares = [share(float(known[place])) for known in (shown.before, shown.now) if known is not None]
        rows.append(
            el(
                "tr",
                el("th", label, scope="row", title=label),
                el("td", *bars, class_="bars"),
                el("td", " → ".join(shares)),
            )
        )
    return el("table", *rows, class_="categories")


def bar(height: float, kind: str) -> Safe:
    """A bar of a table, as long as a share of its cell."""
    return el("span", class_=f"bar {kind}", style=f"width:{max(0.5, 100 * float(height)):.1f}%")


def slopes(ranks: Sequence[Rank]) -> Safe:
    """Ranks before (left) and now (right), a line for each feature; those that moved by two or more stand out."""
    row, width, left, right = 22, 460, 160, 300
    height = row * max(len(ranks), 1)
    before = {rank.feature: place for place, rank in enumerate(ranks)}
    now = {
        rank.feature: place
        for place, rank in enumerate(sorted(ranks, key=lambda rank: (rank.rank_now, rank.rank_before, rank.feature)))
    }
    parts = []
    for rank in ranks:
        y1, y2 = (row * (places[rank.feature] + 0.5) for places in (before, now))
        moved = " moved" if abs(rank.rank_before - rank.rank_now) > 1 else ""
        parts += [
            el("line", x1=left, x2=right, y1=y1, y2=y2, class_=f"slope{moved}"),
            el("circle", cx=left, cy=y1, r=3, class_=f"slope{moved}"),
            el("circle", cx=right, cy=y2, r=3, class_=f"slope{moved}"),
            el(
                "text",
                f"{clipped(rank.feature, NAME)} {rank.rank_before}",
                x=left - 10,
                y=y1 + 4,
                text_anchor="end",
                class_=f"name{moved}",
            ),
            el("text", f"{rank.rank_now} {clipped(rank.feature, NAME)}", x=right + 10, y=y2 + 4, class_=f"name{moved}"),
        ]
    return el(
        "svg",
        *parts,
        viewBox=f"0 0 {width} {height}",
        class_="slopes",
        role="img",
        aria_label="Ranks of the features before and now",
    )


def attributions(values: Sequence[tuple[str, float]]) -> Safe:
    """Attributions of one model as bars, the largest first."""
    top = max((abs(value) for _, value in values), default=0.0) or 1.0
    rows = [
        el(
            "tr",
            el("th", name, scope="row", title=name),
            el("td", bar(abs(value) / top, "now"), class_="bars"),
            el("td", short(value)),
        )
        for name, value in sorted(values, key=lambda item: (-abs(item[1]), item[0]))
    ]
    return el("table", *rows, class_="categories wide")


def lines(
    series: Sequence[tuple[str, str, Sequence[tuple[float, float]]]], labels: Sequence[tuple[float, str]]
) -> Safe:
    """Curves on one scale that begins at zero where no value is below it.

    Args:
        series: Each with its kind (a class of the style), its name, and its points.
        labels: Places of the horizontal axis and what stands there.
    """
    points = [point for _, _, known in series for point in known]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    low, high = min(0.0, *(y for _, y in points)), max(y for _, y in points)
    wide, tall = max(right - left, 1e-9), max(high - low, 1e-9)

    def place(x: float, y: float) -> tuple[float, float]:
        return 50 + 640 * (x - left) / wide, 10 + 150 * (1 - (y - low) / tall)

    drawn = []
    for kind, name, known in series:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in known))
        drawn.append(el("polyline", el("title", name), points=path, class_=f"curve {kind}"))
        if len(known) == 1:
            x, y = place(*known[0])
            drawn.append(el("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=3, class_=f"curve {kind}"))
    axis = [el("line", x1=50, x2=690, y1=y, y2=y, class_="axis") for y in (10, 85, 160)]
    values = [el("text", short(value), x=44, y=y, text_anchor="end") for value, y in _scale(low, high)]
    days = [el("text", text, x=f"{place(x, low)[0]:.1f}", y=176, text_anchor="middle") for x, text in labels]
    return el(
        "svg",
        *axis,
        *drawn,
        *values,
        *days,
        viewBox="0 0 716 182",
        class_="curves",
        role="img",
        aria_label="Forecasts by day",
    )


def _scale(low: float, high: float) -> list[tuple[float, int]]:
    return [(high, 14), ((low + high) / 2, 89), (low, 164)]


def sparkline(values: Sequence[float | None], name: str) -> Safe:
    """A series of runs as a line with dots; the last one stands out."""
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    if not known:
        return Safe("")
    low, high = min(value for _, value in known), max(value for _, value in known)
    step = 220 / max(len(values) - 1, 1)
    points = [
        (4 + place * step, 30 - 26 * ((value - low) / (high - low) if high > low else 0.5)) for place, value in known
    ]
    dots = [
        el("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=2.5 if place < len(points) - 1 else 4)
        for place, (x, y) in enumerate(points)
    ]
    line = el("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points))
    return el("svg", line, *dots, viewBox="0 0 228 34", class_="spark", role="img", aria_label=f"{name} by run")


def clipped(text: str, length: int) -> str:
    """Text cut to a length."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def short(value: float) -> str:
    """A number in few characters."""
    if value == 0 or 1e-4 <= abs(value) < 1e6:  # noqa: PLR2004
        return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"  # noqa: PLR2004
    return f"{value:.2e}"


def share(value: float) -> str:
    """A share in percent: whole where that says enough."""
    percent = 100 * value
    if percent == 0 or percent >= 10:  # noqa: PLR2004
        return f"{percent:.0f} %"
    return f"{percent:.1f} %" if percent >= 0.1 else "< 0.1 %"  # noqa: PLR2004


def legend(*parts: tuple[str, str]) -> Safe:
    """What the colours mean."""
    return el("p", *(join(el("span", class_=f"key {kind}"), f" {text} ") for kind, text in parts), class_="legend")
