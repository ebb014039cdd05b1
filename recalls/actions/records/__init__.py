"""Actions about a patient's record: edited, merged, separated, an exam filed under the wrong one, a death."""

from recalls.actions.records.deaths import mark_deceased as mark_deceased
from recalls.actions.records.deaths import not_deceased as not_deceased
from recalls.actions.records.details import RecordEdit as RecordEdit
from recalls.actions.records.details import edit_record as edit_record
from recalls.actions.records.merging import merge_patients as merge_patients
from recalls.actions.records.merging import unmerge_patients as unmerge_patients
from recalls.actions.records.misfiled_exam import move_exam as move_exam
