"""Which way the doors between the rooms open, read off the imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "symgeo"
SYMBOLIC = {"geometry", "gaussian", "activations.py", "logistic.py", "networks", "derivation", "codegen"}
NUMERIC = {"pullback", "models", "magnification", "flows", "calabi_yau"}
# Where both sides may meet.
MEETING = {"crosscheck", "cli", "report.py"}
FORBIDDEN = {
    **{room: {"torch", "matplotlib", "data", "plots"} | NUMERIC for room in SYMBOLIC},
    **{room: {"sympy", "matplotlib", "activations"} | SYMBOLIC for room in NUMERIC},
    "data": {"torch", "sympy", "matplotlib"},
    "plots": {"torch", "sympy", "models", "pullback", "geometry"},
    "conventions.py": {"sympy", "torch", "matplotlib"},
    "errors.py": {"sympy", "torch", "matplotlib"},
    "storing.py": {"sympy", "torch", "matplotlib"},
    "scripts.py": {"sympy", "torch", "matplotlib"},
    "__init__.py": {"torch", "matplotlib"},
    **{room: {"matplotlib"} for room in MEETING},
}


def imports(path):
    """Packages, and rooms of symgeo, that a file imports, inside functions too; not those for types only."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            yield parts[1] if parts[0] == "symgeo" and len(parts) > 1 else parts[0], node.lineno


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_the_right_way(path):
    room = path.relative_to(PACKAGE).parts[0]
    forbidden = FORBIDDEN[room]  # a new room must say what it may import
    wrong = [f"{path}:{line} imports {name}" for name, line in imports(path) if name in forbidden]
    assert not wrong


def test_conventions_are_read_not_imported():
    users = [p for p in PACKAGE.rglob("*.py") if any(name == "conventions" for name, _ in imports(p))]
    assert users == []


def test_codegen_knows_no_networks():
    for path in (PACKAGE / "codegen").glob("*.py"):
        assert not {name for name, _ in imports(path)} & {"networks", "geometry", "activations", "gaussian"}


@pytest.mark.parametrize(
    "code",
    [
        "import symgeo",
        "import symgeo; symgeo.WideNetwork('erf').metric.scalar_curvature()",
        "import symgeo; symgeo.generate(symgeo.WideNetwork('erf').metric.matrix, backend='torch')",
        "import symgeo.derivation",
    ],
)
def test_the_symbolic_side_loads_neither_torch_nor_matplotlib(code):
    check = f"{code}\nimport sys; assert not {{'torch', 'matplotlib'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)


def test_pullback_is_had_from_the_top_when_asked_for():
    check = (
        "import symgeo, sys; from symgeo import *; assert 'torch' not in sys.modules and 'Pullback' in dir(symgeo); "
        "from symgeo import Pullback; assert Pullback is symgeo.pullback.Pullback"
    )
    subprocess.run([sys.executable, "-c", check], check=True)


def test_import_symgeo_loads_no_sympy():
    subprocess.run([sys.executable, "-c", "import symgeo, sys; assert 'sympy' not in sys.modules"], check=True)
