"""`python -m jointprice` and the console script. Not for logic: see jointprice.app."""

import sys

from jointprice.app import main

if __name__ == "__main__":
    sys.exit(main())
