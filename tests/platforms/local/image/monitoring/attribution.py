from .stand_in import run

run("attribution", "data", ("analysis.json",))
