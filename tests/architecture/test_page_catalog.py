"""The walk through every page knows every page: a new address is in the catalogue, or is named here as none."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.urls import get_resolver

CATALOG = Path(__file__).parents[1] / "browser" / "page_catalog.py"
# Buttons, files, parts of pages, programs' addresses, and pages that one other walk of the browser tests opens.
NO_PAGES = frozenset({
    "access_log",
    "answer_earlier", "wait_for_earlier",
    "account_login", "account_logout", "account_reauthenticate", "appointment_step", "assign_tasks",
    "audit_equity_file", "audit_file", "audit_month", "audit_waits_file", "booking_step", "calendar_feed",
    "calendar_feed_end", "calendar_file", "cancer_entry", "chart_csv",
    "close_page", "confirm_appointment", "emergency_review", "entry_number_owner", "fhir_base", "first_account",
    "health", "health_live", "health_ready", "home", "inbox_attachment", "inbox_html", "keep_time", "late_list",
    "lay_summary_batch_make", "lay_summary_batch_pdf", "lay_summary_pdf", "letter_batch_mail_house",
    "letter_batch_pdf", "letter_batch_posted", "letter_batch_progress", "letter_batch_start",
    "letter_batch_tracking", "letter_reprint", "letters_pdf", "letters_printed", "link", "link_stop_emails",
    "message_html", "message_new_html", "message_pdf", "message_resend_html", "metrics", "mfa_activate_totp",
    "mfa_add_webauthn", "mfa_authenticate", "mfa_deactivate_totp", "mfa_download_recovery_codes",
    "mfa_edit_webauthn", "mfa_generate_recovery_codes", "mfa_list_webauthn", "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn", "mfa_remove_webauthn", "mfa_view_recovery_codes", "name_audit_physician",
    "lane_answer", "next_recall", "openid_connect_callback", "openid_connect_login", "outside_report", "parked_cancer",
    "patient_end_links",
    "lift_hold", "navigator_case", "retention_decide",
    "recall_list_export", "refresh_presence", "room_entry", "saved_view_create", "saved_view_delete",
    "set_language", "setup_account_decide", "setup_come_back", "setup_invite_again", "setup_lost_factor",
    "setup_new_password", "setup_reopen_day", "setup_site_new", "setup_stop_delete", "setup_work_holiday",
    "rate_case", "reader_trend_file", "review_case",
    "open", "plan", "plan_code", "still_here", "give_back", "thanks",
    "series_confirm", "series_stop", "trial", "trial_end", "trial_file", "trial_start",
    "sign_audit", "sign_out", "simulation_file", "signed_audit", "signed_audit_file",
    "sms_inbound", "socialaccount_login_cancelled", "staff_work_export", "undo", "upload_progress",
    "work_item_done", "workflow_map_update",
})  # fmt: skip


def _names(resolver: Any) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            is_own = pattern.app_name != "admin" and not str(pattern.pattern).startswith(("webhooks", "fhir"))
            yield from _names(pattern) if is_own else ()
        elif pattern.name:
            yield pattern.name


def test_every_page_is_walked_through() -> None:
    catalog = CATALOG.read_text("utf-8")
    names = set(_names(get_resolver()))
    known = {name for name in names if re.search(rf"""["':]{name}["']""", catalog)}
    assert names - known - NO_PAGES == set()
    assert names >= NO_PAGES
