"""Page that says what messages would do as the senders are set up now, and changes nothing."""

import io
from itertools import islice

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clinic.roles import Page
from desk.views import DeskView, current_user
from exchange.hl7.file_intake import FileMessage, take_in
from exchange.hl7.message_forms import MAX_TRIAL_BYTES, TrialForm
from exchange.hl7.splitting import read_messages

MAX_TRIAL_MESSAGES = 100


class Hl7TrialView(DeskView):
    """A dry run of the first messages of a file."""

    page = Page.HL7_MESSAGES

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "exchange/hl7_trial.html", {"form": TrialForm(), "most": MAX_TRIAL_MESSAGES})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = TrialForm(request.POST, request.FILES)
        told: list[FileMessage] = []
        if form.is_valid():
            file = form.cleaned_data["file"] or io.BytesIO(form.cleaned_data["text"].encode())
            pieces = islice(read_messages(file, MAX_TRIAL_BYTES), MAX_TRIAL_MESSAGES)
            sites = current_user(request).site_ids
            told = [one for one in take_in(pieces, dry_run=True) if one.row.site_id is None or one.row.site_id in sites]
        context = {"form": form, "told": told, "was_tried": form.is_valid(), "most": MAX_TRIAL_MESSAGES}
        return render(request, "exchange/hl7_trial.html", context)
