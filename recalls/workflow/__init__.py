"""The workflow of a recall as a table, from which pages, refusals, docs/workflow.md, the map and tests are derived."""

from recalls.workflow.routes import FOLLOW_UP_MONTHS as FOLLOW_UP_MONTHS
from recalls.workflow.routes import NEXT_STATE_BY_ASSESSMENT as NEXT_STATE_BY_ASSESSMENT
from recalls.workflow.routes import NEXT_STATE_BY_VERDICT as NEXT_STATE_BY_VERDICT
from recalls.workflow.routes import NextState as NextState
from recalls.workflow.step import DEADLINE_KIND_BY_STATE as DEADLINE_KIND_BY_STATE
from recalls.workflow.step import DeadlineKind as DeadlineKind
from recalls.workflow.step import Precondition as Precondition
from recalls.workflow.step import Step as Step
from recalls.workflow.steps import DESK_ROLES as DESK_ROLES
from recalls.workflow.steps import STEPS as STEPS
from recalls.workflow.steps import STEPS_BY_NAME as STEPS_BY_NAME
from recalls.workflow.steps import next_steps as next_steps
