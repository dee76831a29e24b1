"""The files of a derivation: the committed ones are the computed ones; the record, the page, TeX and its absence."""

import importlib.util
import json
import shutil
from pathlib import Path

import pytest
import sympy as sp

import symgeo.derivation.tex as tex
from symgeo.derivation import Derivation, Identity, Prose, Reference, Section, Step
from symgeo.errors import CheckFailed, InputError, SymgeoError

SCRIPTS = Path(__file__).parents[2] / "derivations"
COMMITTED = [
    "01_pullback_metric",
    "02_gauss_equation",
    "03_shallow_network",
    "04_infinite_width",
    "05_activations",
    "06_arc_cosine_kernels",
    "07_deep_infinite_width",
    "08_finite_width_corrections",
    "09_gradient_flow_of_metric",
    "10_published_curvature",
    "11_ricci_flow",
    "12_perelman",
]
KINDS = {"definition", "exact", "50 digits", "quadrature", "Monte Carlo"}
needs_tex = pytest.mark.skipif(shutil.which("latexmk") is None, reason="no TeX here")


def small(right=None) -> Derivation:
    t = sp.Symbol("t", positive=True)
    step = Step((sp.diff(t**2, t), 2 * t if right is None else right), (Identity(),), "slope")
    text = r"By \emph{definition} of $t$ [@one], & so on -- see [[slope]]:".replace("&", r"\&")
    return Derivation(
        "small", "Small", "A line.", (Section("One", (Prose(text), step)),), (Reference("one", "A book."),)
    )


def script(name: str) -> Derivation:
    spec = importlib.util.spec_from_file_location(f"derivation_{name}", SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.derivation()


@pytest.mark.parametrize("name", COMMITTED)
def test_the_committed_files_are_what_is_computed(name, tmp_path):
    paths = script(name).write(tmp_path)
    for path in (paths.tex, paths.json):
        assert path.read_bytes() == (SCRIPTS / path.name).read_bytes()


@pytest.mark.parametrize("name", COMMITTED)
def test_the_record_lists_every_equation_with_its_checks(name):
    record = json.loads((SCRIPTS / f"{name}.json").read_text(encoding="utf-8"))
    source = (SCRIPTS / f"{name}.tex").read_text(encoding="utf-8")
    numbers = [equation["number"] for equation in record["equations"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert source.count(r"\begin{equation*}") == len(numbers)
    for equation in record["equations"]:
        assert equation["latex"]
        assert equation["checks"]
        for check in equation["checks"]:
            assert check["kind"] in KINDS
            assert check["note"]
            assert check["residual"]
            if check["kind"] in {"50 digits", "quadrature", "Monte Carlo"}:
                assert check["seed"] > 0
                assert check["points"]


def checks_of(name: str, label: str) -> list[dict]:
    record = json.loads((SCRIPTS / f"{name}.json").read_text(encoding="utf-8"))
    return next(equation["checks"] for equation in record["equations"] if equation["label"] == label)


@pytest.mark.parametrize("label", ["parts", "G", "G-slope", "metric-G"])
def test_the_mean_over_the_weights_is_exact_in_every_dimension_and_summed_besides(label):
    proof, *numbers = checks_of("04_infinite_width", label)
    assert proof["kind"] == "exact"
    assert "sizes" not in proof
    assert any(check["kind"] in {"quadrature", "Monte Carlo"} for check in numbers)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("02_gauss_equation", "christoffel-J"),
        ("02_gauss_equation", "gauss"),
        ("02_gauss_equation", "scalar-B"),
        ("09_gradient_flow_of_metric", "motion"),
        ("09_gradient_flow_of_metric", "mixed-full"),
        ("09_gradient_flow_of_metric", "metric-ntk-full"),
        ("10_published_curvature", "three"),
        ("10_published_curvature", "paraboloid-right"),
        ("11_ricci_flow", "riemann-exact"),
        ("11_ricci_flow", "variation"),
        ("11_ricci_flow", "bianchi"),
        ("11_ricci_flow", "volume-rate"),
        ("11_ricci_flow", "evolution"),
        ("12_perelman", "first-variation"),
        ("12_perelman", "rate-of-F"),
        ("12_perelman", "ricci-rate-of-F"),
    ],
)
def test_the_main_results_hold_for_every_d_and_n(name, label):
    proof = next(check for check in checks_of(name, label) if not check["note"].startswith("rules"))
    assert proof["kind"] == "exact"
    assert "sizes" not in proof


def test_planes_at_right_angles_to_x_are_compared_where_there_are_any():
    _, components = checks_of("04_infinite_width", "sectional-tt")
    assert [size["d"] for size in components["sizes"]] == [3]


def test_a_wrong_step_writes_nothing(tmp_path):
    with pytest.raises(CheckFailed, match=r"step \(1\) 'slope'.*left side = .*right side = .*t = "):
        small(sp.Symbol("t", positive=True) * 3).write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_page_has_headings_mathml_numbers_and_notes():
    page = small().html()
    assert page.startswith('<article class="derivation">')
    for part in (
        "<h3>1 One</h3>",
        "<em>definition</em>",
        'display="block"',
        '<span class="number">(1)</span>',
        "exact</span>",
    ):
        assert part in page
    assert "see (1)" in page
    assert "[1], &amp; so on – see" in page
    assert page == small().html()


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="existing folder"):
        small().write(tmp_path / "nowhere")


@needs_tex
def test_the_pdf_is_written_and_the_same_twice(tmp_path):
    (tmp_path / "again").mkdir()
    first, second = small().write(tmp_path, pdf=True), small().write(tmp_path / "again", pdf=True)
    assert first.pdf is not None
    assert second.pdf is not None
    assert first.pdf.read_bytes().startswith(b"%PDF")
    assert first.pdf.read_bytes() == second.pdf.read_bytes()
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == ["small.json", "small.pdf", "small.tex"]


@needs_tex
def test_shell_escape_is_off(tmp_path):
    victim = tmp_path / "victim"
    source = rf"\documentclass{{article}}\begin{{document}}\immediate\write18{{touch {victim}}}x\end{{document}}"
    assert tex.compile_pdf(source, "escape").startswith(b"%PDF")
    assert not victim.exists()


@needs_tex
def test_tex_that_does_not_end_is_ended():
    source = r"\documentclass{article}\begin{document}\def\x{\x}\x\end{document}"
    with pytest.raises(SymgeoError, match=r"longer than 3 s over endless"):
        tex.compile_pdf(source, "endless", limit=3.0)


@needs_tex
def test_an_error_of_tex_is_shown():
    with pytest.raises(SymgeoError, match="Undefined control sequence"):
        tex.compile_pdf(r"\documentclass{article}\begin{document}\nonesuch\end{document}", "broken")


def test_without_tex_the_packages_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="latexmk texlive-latex-base texlive-latex-recommended lmodern"):
        small().write(tmp_path, pdf=True)
    assert list(tmp_path.iterdir()) == []
    assert small().write(tmp_path).pdf is None
