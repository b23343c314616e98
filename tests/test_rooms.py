"""The rooms of the house: none needs one that needs it, none is crowded, each is on the page about them."""

import ast
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("files", "kernels", "features", "classifiers", "filtering", "service")
MOST_MODULES = 16


def package_of(part):
    return ROOT / part / f"scopesift_{part}"


def rooms_of(part):
    return {path.parent.name for path in package_of(part).glob("*/__init__.py")}


def needed_rooms(part, room):
    """Rooms of a part that the modules of one of them import."""
    for path in (package_of(part) / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                for name in (node.module, *(f"{node.module}.{one.name}" for one in node.names)):
                    top, _, rest = name.partition(".")
                    if top == f"scopesift_{part}":
                        yield rest.partition(".")[0]


@pytest.mark.parametrize("part", PARTS)
def test_no_two_rooms_need_each_other(part):
    rooms = rooms_of(part)
    arrows = {room: set(needed_rooms(part, room)) & rooms - {room} for room in rooms}
    assert set(TopologicalSorter(arrows).static_order()) == rooms


def test_no_folder_holds_more_modules_than_one_looks_through():
    folders = Counter(
        path.parent.relative_to(ROOT)
        for part in (*PARTS, "scopesift", "recipes", "bench")
        for path in (ROOT / part).rglob("*.py")
        if path.name != "__init__.py"
    )
    assert {folder: count for folder, count in folders.items() if count > MOST_MODULES} == {}


def test_modules_do_not_repeat_the_name_of_their_room():
    assert [
        path
        for part in PARTS
        for room in rooms_of(part)
        for path in (package_of(part) / room).rglob(f"{room}_*.py")
    ] == []


def test_the_page_on_the_house_names_every_room():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = set().union(*map(rooms_of, PARTS))
    assert {
        room for room in rooms if not any(f"{one}{room}{two}" in page for one in "`/" for two in "`/")
    } == set()
