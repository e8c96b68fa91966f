"""`python -m theorylab` is the command `theorylab`. Nothing else happens here."""

from theorylab.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
