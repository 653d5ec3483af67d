"""Writes docs/customers.csv, the table that the site's how-to pages use: `python tools/invent_customers.py`."""

import csv
import math
import random
from pathlib import Path

FILE = Path(__file__).parents[1] / "docs" / "customers.csv"
ROWS = 600
COLUMNS = ("customer", "income", "age", "contracts", "region", "months", "source", "churned")


def main() -> None:
    """Write the table: numbers with a comma, columns parted by semicolons, as a spreadsheet exports them."""
    draw = random.Random(7)  # noqa: S311 - an invented table, no secret
    with FILE.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter=";", lineterminator="\n")
        rows.writerow(COLUMNS)
        for number in range(1, ROWS + 1):
            rows.writerow(customer(number, draw))


def customer(number: int, draw: random.Random) -> list[str]:
    """Who has many contracts for little income, and came lately, leaves sooner."""
    income, age = draw.lognormvariate(8.1, 0.4), draw.randint(18, 80)
    contracts, months = draw.choice((1, 1, 1, 2, 2, 3, 4)), draw.randint(1, 120)
    region = draw.choice(("north", "south", "east", "west"))
    burden = 900 * contracts / income - months / 40 + (0.8 if region == "east" else 0.0)
    churned = draw.random() < 1 / (1 + math.exp(-1.8 * burden))
    written = f"{income:.2f}".replace(".", ",")
    return [
        f"C{number:04}",
        written,
        str(age),
        str(contracts),
        region,
        str(months),
        "export",
        "yes" if churned else "no",
    ]


if __name__ == "__main__":
    main()
