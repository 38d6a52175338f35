"""The pages about scenario files, strategies and ready scenarios say what there is."""

import re
import tomllib
from typing import get_args

import pytest
from pydantic import BaseModel

from simulation.changes import load
from simulation.ready import names
from simulation.run import Run
from tests.support import catalogue_pages, scenario_pages
from traders.catalogue import catalogue
from traders.scenario import Scenario, scenario_of

PAGE = catalogue_pages.SCENARIO_FILE.read_text(encoding="utf-8")
CHEAP = ("classroom", "thin_market", "zip_convergence")


def test_both_pages_are_up_to_date() -> None:
    assert catalogue_pages.scenario_page(PAGE) == PAGE, "make docs"
    assert catalogue_pages.STRATEGIES.read_text(encoding="utf-8") == catalogue_pages.strategies_page(), (
        "make docs"
    )


def test_every_model_of_a_scenario_file_has_its_table_and_every_key_a_meaning() -> None:
    assert set(re.findall(r"<!-- keys: (\w+) -->", PAGE)) == set(catalogue_pages.MODELS)
    assert {model.__name__ for model in models_in(Scenario)} <= set(catalogue_pages.MODELS)
    silent = [
        (name, key)
        for name, model in catalogue_pages.MODELS.items()
        for key, field in model.model_fields.items()
        if not field.description and key not in ("model", "instruments", "baskets", "periods")
    ]
    assert silent == []


def models_in(model: type[BaseModel]) -> set[type[BaseModel]]:
    """All models that a model is made of, at any depth."""
    found = {model}

    def look(annotation: object) -> None:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in found:
            found.update(models_in(annotation))
        for inner in get_args(annotation):
            look(inner)

    for field in model.model_fields.values():
        look(field.annotation)
    return found


def test_the_examples_of_the_page_are_scenarios() -> None:
    whole, *parts = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)

    run = Run(scenario_of(tomllib.loads(whole), "page"), place="page").run()
    assert run.faults == []
    assert run.log.commands > 100
    for part in parts:
        values = tomllib.loads(part)
        venue = {"instruments": values.pop("instruments", [{"symbol": "ACME"}])}
        scenario_of({"traders": [{"strategy": "zic"}], "venue": venue, **values}, "page")


def test_every_strategy_has_its_section() -> None:
    text = catalogue_pages.STRATEGIES.read_text(encoding="utf-8")

    sections = re.findall(r"^### `(\w+)`$", text, re.MULTILINE)

    assert sections == [one.name for one in catalogue().strategies if one.brought_by == "tontine"]


@pytest.mark.parametrize("name", names())
def test_every_scenario_has_a_page_about_its_file_as_it_is_with_hash_and_pictures(name: str) -> None:
    page = (scenario_pages.PAGES / f"{name}.md").read_text(encoding="utf-8")

    assert scenario_pages.is_about_file(name), f"python -m tests.support.scenario_pages --update {name}"
    hashes = re.findall(r"--check ([0-9a-f]{32})$", page, re.MULTILINE)
    assert len(hashes) == 1
    pictures = re.findall(r"\]\((pictures/[\w-]+\.png)\)", page)
    assert len(pictures) == len(scenario_pages.LOOK[name])
    for picture in pictures:
        assert (scenario_pages.PAGES / picture).read_bytes().startswith(b"\x89PNG")


def test_the_page_about_all_names_all() -> None:
    assert scenario_pages.README.read_text(encoding="utf-8") == scenario_pages.readme(), "make docs"


@pytest.mark.parametrize("name", CHEAP)
def test_the_hash_on_the_page_is_that_of_a_run(name: str) -> None:
    page = (scenario_pages.PAGES / f"{name}.md").read_text(encoding="utf-8")

    run = Run(load(name, []), place=name).run()

    assert f"--check {run.log.digest}\n" in page, f"python -m tests.support.scenario_pages --update {name}"
