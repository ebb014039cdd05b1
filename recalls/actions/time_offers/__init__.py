"""Actions by which the clinic offers a time: held for a recall, taken by the patient, given back."""

from recalls.actions.time_offers.cancel_reasons import ask_cancel_reason as ask_cancel_reason
from recalls.actions.time_offers.cancel_reasons import cancel_for_listed as cancel_for_listed
from recalls.actions.time_offers.cancel_reasons import listed_reasons as listed_reasons
from recalls.actions.time_offers.earlier import offer_earlier_times as offer_earlier_times
from recalls.actions.time_offers.earlier import open_offer_of as open_offer_of
from recalls.actions.time_offers.earlier import refuse_earlier as refuse_earlier
from recalls.actions.time_offers.earlier import take_earlier as take_earlier
from recalls.actions.time_offers.holding import end_holds_at as end_holds_at
from recalls.actions.time_offers.holding import hold_time as hold_time
from recalls.actions.time_offers.holding import keep_held_time as keep_held_time
from recalls.actions.time_offers.holding import release_time as release_time
from recalls.actions.time_offers.numbered_lists import is_about as is_about
from recalls.actions.time_offers.numbered_lists import standing_event as standing_event
from recalls.actions.time_offers.other_times import choose_listed_time as choose_listed_time
from recalls.actions.time_offers.other_times import listed_times as listed_times
from recalls.actions.time_offers.other_times import offer_times as offer_times
from recalls.actions.time_offers.other_times import standing_list as standing_list
from recalls.actions.time_offers.self_service import cancel_for as cancel_for
from recalls.actions.time_offers.self_service import choose_time as choose_time
