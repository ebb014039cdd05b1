"""Steps about the report of a surgery that turns out wrong."""

from recalls.actions.surgery.corrections import amend_surgery as amend_surgery
from recalls.actions.surgery.corrections import surgery_in_error as surgery_in_error
