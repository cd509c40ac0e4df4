"""`python -m demo`: the real firmware on a simulated pack, to be watched or to be run through."""

import sys

from demo.cli import main

sys.exit(main())
