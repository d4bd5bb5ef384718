"""Long-lived connections: terminals, live labs and live leaderboards. It keeps nothing that matters."""

import quick_start

quick_start.begin()
