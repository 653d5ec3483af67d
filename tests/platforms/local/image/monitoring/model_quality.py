from tests.platforms.local.image.monitoring.stand_in import run

run(
    "model_quality",
    "answers",
    (
        "statistics.json",
        "constraints.json",
    ),
)
