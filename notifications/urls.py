"""URL routes of messages, letters and the demo inbox, of unsubscribe links and of replies to text messages."""

from django.urls import path

from notifications.inbound import education, sms_replies, unsubscribe
from notifications.views import coming_messages, demo_inbox, lay_summaries, letter_batches, letters, messages

urlpatterns = [
    path("messages/of-recall/<int:pk>/", messages.MessageListView.as_view(), name="messages"),
    path("messages/of-recall/<int:pk>/new/", messages.SendNowView.as_view(), name="message_new"),
    path("messages/of-recall/<int:pk>/new/page/", messages.SendNowHtmlView.as_view(), name="message_new_html"),
    path("messages/coming/", coming_messages.ComingMessagesView.as_view(), name="messages_coming"),
    path("messages/<int:pk>/", messages.MessageDetailView.as_view(), name="message"),
    path("messages/<int:pk>/page/", messages.MessageHtmlView.as_view(), name="message_html"),
    path("messages/<int:pk>/letter.pdf", messages.MessagePdfView.as_view(), name="message_pdf"),
    path("messages/<int:pk>/again/", messages.SendAgainView.as_view(), name="message_resend"),
    path("messages/<int:pk>/again/page/", messages.SendAgainHtmlView.as_view(), name="message_resend_html"),
    path("stop-emails/<str:token>/", unsubscribe.unsubscribe, name="unsubscribe"),
    path("texts/confirm/<str:token>/", education.confirm, name="series_confirm"),
    path("texts/stop/<str:token>/", education.stop, name="series_stop"),
    path("inbox/", demo_inbox.InboxListView.as_view(), name="inbox"),
    path("inbox/<str:key>/", demo_inbox.InboxMessageView.as_view(), name="inbox_message"),
    path("inbox/<str:key>/page/", demo_inbox.InboxHtmlView.as_view(), name="inbox_html"),
    path(
        "inbox/<str:key>/attachments/<int:number>/", demo_inbox.InboxAttachmentView.as_view(), name="inbox_attachment"
    ),
    path("letters/", letters.LetterListView.as_view(), name="letters"),
    path("letters/pdf/", letters.LettersPdfView.as_view(), name="letters_pdf"),
    path("letters/printed/", letters.MarkLettersPrintedView.as_view(), name="letters_printed"),
    path("letters/all/", letter_batches.StartBatchView.as_view(), name="letter_batch_start"),
    path("letters/all/<int:pk>/", letter_batches.LetterBatchView.as_view(), name="letter_batch"),
    path(
        "letters/all/<int:pk>/progress/",
        letter_batches.LetterBatchProgressView.as_view(),
        name="letter_batch_progress",
    ),
    path("letters/all/<int:pk>/letters.pdf", letter_batches.LetterBatchFileView.as_view(), name="letter_batch_pdf"),
    path(
        "letters/all/<int:pk>/mail-house.zip",
        letter_batches.MailHouseFileView.as_view(),
        name="letter_batch_mail_house",
    ),
    path("letters/all/<int:pk>/posted/", letter_batches.BatchPostedView.as_view(), name="letter_batch_posted"),
    path("letters/all/<int:pk>/tracking/", letter_batches.TrackingNumbersView.as_view(), name="letter_batch_tracking"),
    path("letters/<int:pk>/again/", letters.ReprintLetterView.as_view(), name="letter_reprint"),
    path("letters/summaries/", lay_summaries.LaySummaryListView.as_view(), name="lay_summaries"),
    path("letters/summaries/pdf/", lay_summaries.MakeBatchView.as_view(), name="lay_summary_batch_make"),
    path("letters/summaries/batches/<int:pk>/", lay_summaries.BatchView.as_view(), name="lay_summary_batch"),
    path("letters/summaries/batches/<int:pk>/pdf/", lay_summaries.BatchPdfView.as_view(), name="lay_summary_batch_pdf"),
    path("letters/summaries/<int:pk>/", lay_summaries.SummaryDetailView.as_view(), name="lay_summary"),
    path("letters/summaries/<int:pk>/letter.pdf", lay_summaries.SummaryPdfView.as_view(), name="lay_summary_pdf"),
    path("sms/inbound/", sms_replies.sms_inbound, name="sms_inbound"),
]
