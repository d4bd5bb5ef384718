"""The clock: starts queued labs, runs checks, closes what is overdue, collects what is idle, sends mail."""

import quick_start

quick_start.begin()
