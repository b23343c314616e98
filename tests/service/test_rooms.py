"""The service's folders: small enough to look through, and none needs one that needs it."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import scopesift_service

ROOT = Path(scopesift_service.__file__).parent
MOST_MODULES = 16


def room_of(module):
    """`http` of `scopesift_service.http.edge`; the module itself where it lies in no folder."""
    return module.split(".")[1]


def needed_rooms(room):
    """Folders and single modules that the modules of a folder import."""
    for path in (ROOT / room).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scopesift_service"):
                whole = (
                    [node.module]
                    if "." in node.module
                    else [f"{node.module}.{one.name}" for one in node.names]
                )
                yield from (room_of(module) for module in whole)


ROOMS = sorted(path.name for path in ROOT.iterdir() if (path / "__init__.py").exists())


def test_no_folder_holds_more_modules_than_one_looks_through():
    assert all(
        len(list(folder.glob("*.py"))) <= MOST_MODULES for folder in (ROOT, *(ROOT / room for room in ROOMS))
    )
    assert not [
        path for room in ROOMS for path in (ROOT / room).glob("*.py") if path.stem.startswith(f"{room}_")
    ]


def test_no_two_folders_need_each_other():
    arrows = {room: set(needed_rooms(room)) & set(ROOMS) - {room} for room in ROOMS}
    order = list(TopologicalSorter(arrows).static_order())
    assert order.index("http") < order.index("versions") < order.index("engine") < order.index("apis")
