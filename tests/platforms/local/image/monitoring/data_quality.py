from .stand_in import run

run(
    "data_quality",
    "data",
    (
        "statistics.json",
        "constraints.json",
    ),
)
