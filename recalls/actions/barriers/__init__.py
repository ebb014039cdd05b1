"""Actions about what keeps patients from coming, and about the cases that navigators take."""

from recalls.actions.barriers.cases import end_case as end_case
from recalls.actions.barriers.cases import log_case_minutes as log_case_minutes
from recalls.actions.barriers.cases import take_case as take_case
from recalls.actions.barriers.helping import HelpInput as HelpInput
from recalls.actions.barriers.helping import has_unsettled_barrier as has_unsettled_barrier
from recalls.actions.barriers.helping import help_with_barrier as help_with_barrier
from recalls.actions.barriers.helping import state_barrier as state_barrier
from recalls.actions.barriers.stating import StatedBarriers as StatedBarriers
