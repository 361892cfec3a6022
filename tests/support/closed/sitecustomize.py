"""Closes the network of the Python processes that tests start: `tests/conftest.py` puts this folder
on their path. Of the program it loads its watch alone."""

import os
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_spec = spec_from_file_location("closed_network", Path(__file__).parents[1] / "network.py")
assert _spec
assert _spec.loader
_network = module_from_spec(_spec)
_spec.loader.exec_module(_network)
_network.close_network(os.environ.get(_network.RECORD, ""))
