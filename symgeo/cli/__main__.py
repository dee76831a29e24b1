"""`python -m symgeo.cli` is the command `symgeo`."""

from symgeo.cli import main

if __name__ == "__main__":
    main()
