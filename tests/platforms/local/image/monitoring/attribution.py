from tests.platforms.local.image.monitoring.stand_in import run

run("attribution", "data", ("analysis.json",))
