"""Names the placeholders of the texts of lay summaries, which are no messages of a recall."""

SUMMARY_PLACEHOLDERS = frozenset(
    {
        "patient_name",
        "facility_name",
        "facility_address",
        "clinic_phone",
        "clinic_hours",
        "exam_day",
        "result",
        "next_step",
        "report_line",
        "replaces_line",
        "signer",
        "language_line",
    }
)
DENSITY_PLACEHOLDERS = frozenset({"density_notice", "density_explained", "state_notice"})

# By the kind of text. Only a summary of a mammogram has the density notice.
SUMMARY_TEXT_PLACEHOLDERS = {
    "lay_summary": SUMMARY_PLACEHOLDERS | DENSITY_PLACEHOLDERS,
    "visit_summary": SUMMARY_PLACEHOLDERS,
}
