"""Daily sales of fruit and vegetables, invented: store x item x day, the same bytes for the same seed.

Only the standard library is used, and only ``random.Random.random`` of it draws, because that method's sequence is
promised not to change between versions of Python. README.md beside this file describes the process.
"""

import argparse
import datetime as dt
import math
import os
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from swedish_holidays import Calendar

FIRST_DAY = dt.date(2023, 5, 4)  # a Thursday: campaign weeks run from Thursday to Wednesday
TRAINING_DAYS = 156 * 7
HISTORY_DAYS = 5 * 7
FORECAST_DAYS = 7
SEED = 20230504


class Store(NamedTuple):
    """A shop. Region: whose weather; size: of the trade; weekend: log of how much more of it falls on weekends."""

    name: str
    region: str
    size: float
    weekend: float


class Item(NamedTuple):
    """One article. Peak, swing: day of the year and log height of its season; warmth: log demand for ten degrees."""

    name: str
    group: str
    base: float
    price: float
    elasticity: float
    peak: int
    swing: float
    warmth: float


class Weather(NamedTuple):
    """What a region's sky did, and what had been forecast when the order was placed."""

    temperature: float
    rain: float
    temperature_forecast: float
    rain_forecast: float


class Offer(NamedTuple):
    """The chain's plan for an item on a day, known weeks ahead."""

    price: float
    regular_price: float
    campaign: int
    group_campaigns: int


class Row(NamedTuple):
    """One line of the file."""

    date: str
    store: str
    region: str
    item: str
    price: float
    regular_price: float
    campaign: int
    group_campaigns: int
    holiday: str
    days_to_feast: int
    temperature_forecast: float
    rain_forecast: float
    units_sold: int | None
    stockout: int | None
    sales_level: str


STORES = (
    Store("S01", "north", 0.7, 0.10),
    Store("S02", "north", 1.0, 0.05),
    Store("S03", "north", 1.3, 0.20),
    Store("S04", "west", 0.8, -0.10),
    Store("S05", "west", 1.2, 0.15),
    Store("S06", "west", 1.7, 0.25),
    Store("S07", "east", 0.6, -0.20),
    Store("S08", "east", 1.4, 0.00),
    Store("S09", "east", 2.0, 0.20),
    Store("S10", "south", 0.9, 0.05),
    Store("S11", "south", 1.1, 0.30),
    Store("S12", "south", 1.5, 0.10),
)
ITEMS = (
    Item("apple", "orchard", 30, 27.9, 1.6, 290, 0.25, -0.03),
    Item("pear", "orchard", 14, 29.9, 1.8, 285, 0.30, -0.02),
    Item("orange", "citrus", 18, 24.9, 1.9, 20, 0.45, -0.08),
    Item("clementine", "citrus", 20, 29.9, 2.1, 350, 0.90, -0.10),
    Item("lemon", "citrus", 12, 39.9, 0.9, 180, 0.15, 0.06),
    Item("strawberry", "berries", 16, 39.9, 2.3, 175, 1.20, 0.16),
    Item("blueberry", "berries", 11, 34.9, 2.0, 205, 0.60, 0.08),
    Item("raspberry", "berries", 9, 32.9, 2.2, 205, 0.60, 0.08),
    Item("banana", "tropical", 48, 25.9, 1.1, 60, 0.08, -0.02),
    Item("mango", "tropical", 10, 21.9, 2.0, 130, 0.30, 0.04),
    Item("avocado", "tropical", 22, 17.9, 1.7, 160, 0.15, 0.05),
    Item("lettuce", "salad", 19, 19.9, 1.3, 185, 0.30, 0.12),
    Item("cucumber", "salad", 28, 22.9, 1.4, 180, 0.25, 0.11),
    Item("tomato", "salad", 34, 32.9, 1.7, 190, 0.25, 0.09),
    Item("pepper", "salad", 21, 44.9, 1.8, 200, 0.15, 0.05),
    Item("carrot", "roots", 25, 15.9, 1.0, 300, 0.12, -0.04),
    Item("potato", "roots", 27, 14.9, 1.1, 260, 0.15, -0.03),
    Item("onion", "roots", 20, 16.9, 0.8, 310, 0.12, -0.04),
)
# Mean temperature over the year and distance from it in July, in degrees Celsius
CLIMATE = {"north": (3.5, 12.5), "west": (8.5, 9.0), "east": (7.5, 10.5), "south": (9.0, 9.5)}
WEEKDAY = (-0.10, -0.14, -0.08, 0.02, 0.22, 0.16, -0.12)  # log of a day's share, Monday first
DISCOUNTS = (0.15, 0.20, 0.25, 0.30, 0.40)
GROUPS = tuple(sorted({item.group for item in ITEMS}))


def stream(*key: object) -> random.Random:
    """A stream of draws of its own for every key, so that nothing depends on the order or number of others."""
    return random.Random("/".join(map(str, key)))  # noqa: S311 (nothing secret is drawn)


def normal(draws: random.Random) -> float:
    """One draw from the standard normal distribution (Box and Muller, 1958)."""
    return math.sqrt(-2.0 * math.log(1.0 - draws.random())) * math.cos(2.0 * math.pi * draws.random())


def poisson(draws: random.Random, mean: float) -> int:
    """One draw from the Poisson distribution: by inversion, or by its normal limit where the mean is large."""
    if mean > 60.0:  # noqa: PLR2004 (the limit is good to a few percent of a standard deviation from here on)
        return max(0, round(mean + math.sqrt(mean) * normal(draws)))
    left = draws.random()
    probability = math.exp(-mean)
    count = 0
    while left > probability and count < 200:  # noqa: PLR2004 (far beyond any quantile that a double can express)
        left -= probability
        count += 1
        probability *= mean / count
    return count


def weather(seed: int, region: str) -> Iterator[Weather]:
    """A region's weather, day after day: the season plus AR(1) deviations, and the noisy forecast of it."""
    draws = stream(seed, "weather", region)
    mean, swing = CLIMATE[region]
    warmer = wetter = 0.0
    day = FIRST_DAY
    while True:
        warmer = 0.8 * warmer + 1.9 * normal(draws)
        wetter = 0.55 * wetter + 0.84 * normal(draws)
        temperature = mean + swing * _season(day, peak=202) + warmer
        rain = max(0.0, 4.0 * (wetter - 0.4))
        forecast = temperature + 1.5 * normal(draws), max(0.0, rain + 1.2 * normal(draws))
        yield Weather(temperature, rain, round(forecast[0], 1), round(forecast[1], 1))
        day += dt.timedelta(1)


def _season(day: dt.date, *, peak: int) -> float:
    return math.cos(2.0 * math.pi * (day.timetuple().tm_yday - peak) / 365.25)


def offers(seed: int, week: int) -> dict[str, Offer]:
    """The plan of one campaign week: regular prices move by quarter, about one item in six is on campaign."""
    draws = stream(seed, "campaign", week)
    discounts = {}
    for item in ITEMS:
        on_campaign, which = draws.random(), draws.random()
        discounts[item.name] = DISCOUNTS[int(which * len(DISCOUNTS))] if on_campaign < 1 / 6 else 0.0
    plan = {}
    for item in ITEMS:
        regular = round(item.price * (0.9 + 0.2 * stream(seed, "price", item.name, week // 13).random()), 1)
        discount = discounts[item.name]
        rivals = sum(1 for other in ITEMS if other.group == item.group and other != item and discounts[other.name])
        plan[item.name] = Offer(round(regular * (1 - discount), 1), regular, int(discount > 0), rivals)
    return plan


@dataclass
class Series:
    """One item in one store: what is liked here, how that drifts, and the shelf."""

    item: Item
    draws: random.Random
    taste: float
    drift: float = 0.0
    sold: list[int] = field(default_factory=list)
    ordinary: list[float] = field(default_factory=list)

    def demand(self, log_mean: float) -> int:
        """Units that customers want: Poisson with a lognormal mean, so that the counts are overdispersed."""
        self.drift = 0.985 * self.drift + 0.035 * normal(self.draws)
        noise = 0.16 * normal(self.draws)
        return poisson(self.draws, math.exp(log_mean + self.taste + self.drift + noise))

    def stock(self, planned: float, opening: float) -> int:
        """Units on the shelf: the weekday's last four weeks without their campaigns, times the plan, and a margin."""
        weeks = self.ordinary[-7::-7][:4]
        usual = planned * (sum(weeks) / len(weeks) if weeks else opening)
        return math.ceil(1.32 * usual + 1.7 * math.sqrt(usual) + 1)

    def sell(self, wanted: int, stock: int, planned: float) -> tuple[int, int, str]:
        """Sell what is wanted and there. Returns units, whether the shelf ran empty, and the level of the sales."""
        units = min(wanted, stock)
        weeks = self.sold[-7::-7][:4]
        usual = sum(weeks) / len(weeks) if weeks else 0.0
        level = "usual" if not usual or 0.75 < units / usual < 1.3 else "high" if units > usual else "low"  # noqa: PLR2004
        self.sold.append(units)
        self.ordinary.append(units / planned)
        return units, int(wanted > stock), level


def planned_uplift(offer: Offer, feast_ahead: int) -> float:
    """The planner's rule of thumb for a campaign and for the days before a feast; it knows no item by name."""
    cheaper = math.exp(1.7 * math.log(offer.regular_price / offer.price))
    feast = 1.2 if feast_ahead < 4 else 1.0  # noqa: PLR2004 (days)
    return cheaper * feast * (1.15 if offer.campaign else 1.0)


def item_effect(item: Item, day: dt.date, offer: Offer, holiday: float) -> float:
    """Log of the mean demand for an item as far as it is the same in all stores."""
    price = item.elasticity * math.log(offer.regular_price / offer.price)
    dearer = -0.5 * math.log(offer.regular_price / item.price)
    display = 0.15 * offer.campaign - 0.12 * offer.group_campaigns
    return math.log(item.base) + item.swing * (_season(day, peak=item.peak) - 0.3) + price + dearer + display + holiday


def store_effect(store: Store, day: dt.date, sky: Weather) -> float:
    """Log of a store's part in the demand: its size, the weekday, and rain, which keeps people at home."""
    weekend = store.weekend if day.weekday() >= 4 else -store.weekend / 2  # noqa: PLR2004 (Friday to Sunday)
    return math.log(store.size) + WEEKDAY[day.weekday()] + weekend - 0.018 * min(sky.rain, 10.0)


def some_stores(count: int) -> tuple[Store, ...]:
    """So many of the stores, one of each region first, in the order of their names."""
    one_of_each_region_first = sorted(range(len(STORES)), key=lambda number: number % 3)
    return tuple(STORES[number] for number in sorted(one_of_each_region_first[:count]))


def simulate(seed: int, days: int, stores: tuple[Store, ...] = STORES) -> Iterator[Row]:
    """All rows of the first days, by date, store and item. A longer run begins with the rows of a shorter one.

    Fewer stores change nothing about those that are left.
    """
    calendar = Calendar.of(FIRST_DAY, days)
    skies = {region: weather(seed, region) for region in CLIMATE}
    shelves = {(store, item): _series(seed, store, item) for store in stores for item in ITEMS}
    plan: dict[str, Offer] = {}
    for number in range(days):
        if number % 7 == 0:
            plan = offers(seed, number // 7)
        today = {region: next(sky) for region, sky in skies.items()}
        yield from _one_day(FIRST_DAY + dt.timedelta(number), calendar, plan, today, shelves)


def _series(seed: int, store: Store, item: Item) -> Series:
    draws = stream(seed, "sales", store.name, item.name)
    return Series(item, draws, taste=0.2 * normal(draws))


def _one_day(
    day: dt.date,
    calendar: Calendar,
    plan: dict[str, Offer],
    skies: dict[str, Weather],
    shelves: dict[tuple[Store, Item], Series],
) -> Iterator[Row]:
    feast_ahead = calendar.next_feast(day)[1]
    holiday = calendar.names.get(day, "")
    by_group = {group: calendar.log_effect(day, group) for group in GROUPS}
    by_item = {item.name: item_effect(item, day, plan[item.name], by_group[item.group]) for item in ITEMS}
    planned = {item.name: planned_uplift(plan[item.name], feast_ahead) for item in ITEMS}
    date = day.isoformat()
    for store in dict.fromkeys(store for store, _ in shelves):
        sky = skies[store.region]
        here = store_effect(store, day, sky)
        unusual = (sky.temperature - CLIMATE[store.region][0]) / 10.0
        for item in ITEMS:
            shelf = shelves[store, item]
            log_mean = here + by_item[item.name] + item.warmth * unusual
            wanted = shelf.demand(log_mean)
            stock = shelf.stock(planned[item.name], opening=1.2 * math.exp(log_mean + shelf.taste))
            sales = shelf.sell(wanted, stock, planned[item.name])
            yield Row(
                date, store.name, store.region, item.name, *plan[item.name], holiday, feast_ahead,
                sky.temperature_forecast, sky.rain_forecast, *sales,
            )  # fmt: skip


def write(out: Path, rows: Iterator[Row], columns: tuple[str, ...] = Row._fields) -> None:
    """Write a CSV file whole or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    keep = [Row._fields.index(column) for column in columns]
    handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(",".join(columns) + "\n")
            file.writelines(",".join(["" if row[k] is None else str(row[k]) for k in keep]) + "\n" for row in rows)
        Path(name).chmod(0o644)
        os.replace(name, out)  # noqa: PTH105
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def hide_sales(row: Row) -> Row:
    """The row as it is known when the order is placed."""
    return row._replace(units_sold=None, stockout=None, sales_level="")


def training(seed: int, days: int, stores: tuple[Store, ...]) -> Iterator[Row]:
    """The training data, or its last days."""
    start = (FIRST_DAY + dt.timedelta(TRAINING_DAYS - days)).isoformat()
    return (row for row in simulate(seed, TRAINING_DAYS, stores) if row.date >= start)


def later(seed: int, weeks_later: int, stores: tuple[Store, ...] = STORES) -> tuple[list[Row], list[Row]]:
    """Five weeks with sales and the seven days after them, that many weeks after the end of the training data."""
    first_forecast = TRAINING_DAYS + 7 * weeks_later
    start = FIRST_DAY + dt.timedelta(first_forecast - HISTORY_DAYS)
    forecast = (FIRST_DAY + dt.timedelta(first_forecast)).isoformat()
    rows = [row for row in simulate(seed, first_forecast + FORECAST_DAYS, stores) if row.date >= start.isoformat()]
    return [row for row in rows if row.date < forecast], [row for row in rows if row.date >= forecast]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write invented daily sales of fruit and vegetables to a CSV file.")
    parser.add_argument("out", type=Path, help="the file to write")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed, another chain of stores")
    parser.add_argument("--stores", type=int, default=len(STORES), help="a smaller sample: so many of the 12 stores")
    parser.add_argument("--days", type=int, help="a smaller sample: the last so many days of the training data")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--next-week", action="store_true", help="five later weeks with sales, then seven days without")
    kind.add_argument("--truth", action="store_true", help="what those seven days really sold")
    parser.add_argument("--weeks-later", type=int, default=5, help="weeks from the training data to those seven days")
    return parser


def main() -> None:
    """Write the file that was asked for."""
    arguments = parser().parse_args()
    if arguments.weeks_later < 0:
        parser().error("--weeks-later counts weeks after the training data: 0 or more")
    if not 1 <= arguments.stores <= len(STORES):
        parser().error(f"--stores counts stores: 1 to {len(STORES)}")
    if arguments.days is not None and not 1 <= arguments.days <= TRAINING_DAYS:
        parser().error(f"--days counts days of the training data: 1 to {TRAINING_DAYS}")
    if arguments.days is not None and (arguments.next_week or arguments.truth):
        parser().error("--days is about the training data, not about the weeks after it")
    _write_what_is_asked_for(arguments)


def _write_what_is_asked_for(arguments: argparse.Namespace) -> None:
    stores = some_stores(arguments.stores)
    if not (arguments.next_week or arguments.truth):
        write(arguments.out, training(arguments.seed, arguments.days or TRAINING_DAYS, stores))
        return
    history, forecast = later(arguments.seed, arguments.weeks_later, stores)
    if arguments.truth:
        write(arguments.out, iter(forecast), ("date", "store", "item", "units_sold", "stockout", "sales_level"))
    else:
        write(arguments.out, iter(history + [hide_sales(row) for row in forecast]))


if __name__ == "__main__":
    main()
