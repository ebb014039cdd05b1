"""Page of a site's letterhead, with a picture of a letter as it would be printed."""

import base64

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from clinic.models import Site
from desk.views import current_user
from notifications.models import Letterhead
from notifications.rendering.letter_pdf import render_letterhead
from site_setup.forms.letterhead import LetterheadForm
from site_setup.settings_log import log_words
from site_setup.views.base import SetupView


class LetterheadView(SetupView):
    """Lines, logo and envelope."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        site = self.get_site(request, pk)
        return self._show(request, site, LetterheadForm(instance=_letterhead_of(site)))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        site = self.get_site(request, pk)
        form = LetterheadForm(request.POST, request.FILES, instance=_letterhead_of(site))
        if not form.is_valid():
            return self._show(request, site, form)
        head = form.save()
        words = f"letterhead: lines {head.lines!r}, logo {head.logo_kind or 'none'}, envelope {head.window}."
        log_words(current_user(request), site, words)
        messages.success(request, _("Saved."))
        return redirect("setup_letterhead", pk)

    def _show(self, request: HttpRequest, site: Site, form: LetterheadForm) -> HttpResponse:
        preview = base64.b64encode(render_letterhead(_letterhead_of(site))).decode()
        context = {"form": form, "site": site, "preview": preview}
        return render(request, "site_setup/letterhead.html", context)


def _letterhead_of(site: Site) -> Letterhead:
    return Letterhead.objects.filter(site=site).first() or Letterhead(site=site)
