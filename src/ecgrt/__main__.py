"""``python -m ecgrt`` says what ``ecgrt-info`` does."""

import sys

from .cli.info import main

if __name__ == "__main__":
    sys.exit(main())
