"""`python -m controller.cli`: releasectl from the tree."""

import sys

from controller.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
