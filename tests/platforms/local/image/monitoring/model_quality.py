from .stand_in import run

run(
    "model_quality",
    "answers",
    (
        "statistics.json",
        "constraints.json",
    ),
)
