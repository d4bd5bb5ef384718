"""Long-lived connections: terminals, live labs and live leaderboards. A gateway that is killed loses no work."""

import quick_start

quick_start.begin()
