"""The command line: derive, generate, crosscheck, train, measure, flow, figure, report.

Every command imports what it needs when it runs. A mistake of the user's is one line on stderr and exit status 2.
"""

from symgeo.cli.program import app, main

__all__ = ["app", "main"]
