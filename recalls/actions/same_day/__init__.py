"""Actions of the same-day lane: taking one of its times, and writing down that none was taken."""

from recalls.actions.same_day.lane import decline_lane as decline_lane
from recalls.actions.same_day.lane import take_lane as take_lane
