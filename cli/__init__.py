"""Commands: what operators and authors run."""

import quick_start

quick_start.begin()
