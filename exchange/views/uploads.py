"""Pages of uploads: send a file, say what its columns are, look at what would come of it, load it, watch it."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from clinic.models import User
from clinic.roles import Page
from desk.views import DeskView, current_user
from exchange.batch_importer import RowResult
from exchange.errors import UnusableFile
from exchange.models import IntakeRules, ParkedRow, ResultUpload
from exchange.uploads.column_mapping import guess_columns, remember_columns
from exchange.uploads.upload_forms import ColumnsForm, UploadForm
from exchange.uploads.upload_load import queue_upload
from exchange.uploads.upload_preview import UploadPreview, preview_upload
from exchange.uploads.upload_reader import open_upload, sample_cells
from exchange.uploads.upload_store import delete_file, store_file

SHOWN_UPLOADS = 20
PROGRESS_SECONDS = 2  # how often a page that watches a load looks again


class UploadListView(DeskView):
    """The last uploads at the person's sites, and the form for a new one."""

    page = Page.UPLOADS

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, UploadForm(current_user(request)))

    def post(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        form = UploadForm(user, request.POST, request.FILES)
        if not form.is_valid():
            return self._page(request, form)
        content = form.cleaned_data["file"]
        upload = ResultUpload.objects.create(
            name=str(content.name)[-255:], site=form.cleaned_data["site"], size=content.size, uploaded_by=user
        )
        try:
            store_file(upload, content)
            with open_upload(upload) as source:
                upload.header, upload.line_count = list(source.header), source.line_count
        except UnusableFile as unusable:
            delete_file(upload)
            upload.delete()
            form.add_error("file", str(unusable))
            return self._page(request, form)
        upload.columns = guess_columns(upload.header, IntakeRules.of_site(upload.site).column_names)
        upload.save(update_fields=["header", "line_count", "columns"])
        return redirect("upload_columns", upload.pk)

    @staticmethod
    def _page(request: HttpRequest, form: UploadForm) -> HttpResponse:
        uploads = uploads_here(request)[:SHOWN_UPLOADS]
        waiting = ParkedRow.objects.filter(state=ParkedRow.State.PARKED, site__in=current_user(request).site_ids)
        context = {"form": form, "uploads": uploads, "has_parked": waiting.exists()}
        return render(request, "exchange/uploads.html", context)


class UploadColumnsView(DeskView):
    """Which of our columns is which, what the first rows would become, and the button that loads the file."""

    page = Page.UPLOADS

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        upload = get_upload(request, pk)
        if upload.state != ResultUpload.State.DRAFT:
            return redirect("upload", upload.pk)
        return self._page(request, upload, ColumnsForm(upload.header, upload.columns))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        upload = get_upload(request, pk)
        if upload.state != ResultUpload.State.DRAFT:
            return redirect("upload", upload.pk)
        if "discard" in request.POST:
            delete_file(upload)
            upload.delete()
            messages.success(request, _("The file was deleted. Nothing of it was loaded."))
            return redirect("uploads")
        form = ColumnsForm(upload.header, upload.columns, request.POST)
        if not form.is_valid():
            return self._page(request, upload, form)
        upload.columns = form.columns
        upload.save(update_fields=["columns"])
        remember_columns(upload.site, upload.header, upload.columns)
        if "load" not in request.POST:
            return redirect("upload_columns", upload.pk)
        queue_upload(upload, by=current_user(request))
        return redirect("upload", upload.pk)

    @staticmethod
    def _page(request: HttpRequest, upload: ResultUpload, form: ColumnsForm) -> HttpResponse:
        preview: UploadPreview | None = None
        samples: list[list[str]] = []
        complaint = ""
        try:
            with open_upload(upload) as source:
                samples = sample_cells(source)
            unchecked = ColumnsForm(upload.header, upload.columns, _as_sent(upload))
            preview = preview_upload(upload, current_user(request)) if unchecked.is_valid() else None
            complaint = " ".join(map(str, unchecked.non_field_errors())) if not form.is_bound else ""
        except UnusableFile as unusable:
            complaint = str(unusable)
        context = {
            "upload": upload,
            "form": form,
            "fields": list(zip(form, samples, strict=False)),
            "preview": preview,
            "complaint": complaint,
        }
        return render(request, "exchange/upload_columns.html", context)


class UploadView(DeskView):
    """How far a load is, and what became of its rows."""

    page = Page.UPLOADS
    template = "exchange/upload.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        upload = get_upload(request, pk)
        if upload.state == ResultUpload.State.DRAFT:
            return redirect("upload_columns", upload.pk)
        counts = upload.file.counts if upload.file else {}
        waiting = upload.file.parked.filter(state=ParkedRow.State.PARKED).count() if upload.file else 0
        context = {
            "upload": upload,
            "counts": [(result.label, counts[result.value]) for result in RowResult if counts.get(result.value)],
            "waiting": waiting,
            "refresh_seconds": PROGRESS_SECONDS,
        }
        return render(request, self.template, context)


class UploadProgressView(UploadView):
    """The part of the page that changes while the file is loaded."""

    template = "exchange/_upload_progress.html"


def uploads_here(request: HttpRequest) -> QuerySet[ResultUpload]:
    return uploads_of(current_user(request))


def uploads_of(user: User) -> QuerySet[ResultUpload]:
    rows = ResultUpload.objects.filter(site__in=user.site_ids).order_by("-pk")
    return rows.select_related("site", "file", "uploaded_by")


def get_upload(request: HttpRequest, pk: int) -> ResultUpload:
    """The upload; Http404 at a site that is not the person's."""
    upload = uploads_here(request).filter(pk=pk).first()
    if upload is None:
        raise Http404
    return upload


def _as_sent(upload: ResultUpload) -> dict[str, str]:
    return {f"column_{number}": column for number, column in enumerate(upload.columns)}
