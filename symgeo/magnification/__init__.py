"""Do trained networks magnify areas near decision boundaries? A number, with its confidence interval.

`decision_boundary` finds how far points are from where the class changes, `associate` says how the volume element goes
with it, `student_interval` what that is worth over seeds; `measure(STUDIES["sinusoid"])` makes a dataset's table of it
from training runs, controls included.

Source of the hypothesis: "Neural networks learn to magnify areas near decision boundaries", arXiv:2301.11375.
"""

from symgeo.magnification.association import Association, associate
from symgeo.magnification.boundary import Boundary, Search, decision_boundary
from symgeo.magnification.fields import PlaneFields, plane_fields
from symgeo.magnification.interval import Interval, bootstrap_interval, student_interval
from symgeo.magnification.measure import Measurement, Row, measure_run, over_seeds
from symgeo.magnification.places import Grid, Lines, image_lines
from symgeo.magnification.studies import STUDIES, Study, measure
from symgeo.magnification.table import Table, read_table

__all__ = [
    "STUDIES",
    "Association",
    "Boundary",
    "Grid",
    "Interval",
    "Lines",
    "Measurement",
    "PlaneFields",
    "Row",
    "Search",
    "Study",
    "Table",
    "associate",
    "bootstrap_interval",
    "decision_boundary",
    "image_lines",
    "measure",
    "measure_run",
    "over_seeds",
    "plane_fields",
    "read_table",
    "student_interval",
]
