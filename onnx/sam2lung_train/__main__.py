"""`python -m sam2lung_train`: the same as `sam2lung-train`."""

import sys

from .cli.main import main

sys.exit(main())
