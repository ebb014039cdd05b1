"""URL routes of messages, letters and the demo inbox, of unsubscribe links and of replies to text messages."""

from django.urls import path

from notifications.inbound import sms_replies, unsubscribe
from notifications.views import demo_inbox, letters, messages

urlpatterns = [
    path("messages/of-recall/<int:pk>/", messages.MessageListView.as_view(), name="messages"),
    path("messages/of-recall/<int:pk>/new/", messages.SendNowView.as_view(), name="message_new"),
    path("messages/of-recall/<int:pk>/new/page/", messages.SendNowHtmlView.as_view(), name="message_new_html"),
    path("messages/<int:pk>/", messages.MessageDetailView.as_view(), name="message"),
    path("messages/<int:pk>/page/", messages.MessageHtmlView.as_view(), name="message_html"),
    path("messages/<int:pk>/letter.pdf", messages.MessagePdfView.as_view(), name="message_pdf"),
    path("messages/<int:pk>/again/", messages.SendAgainView.as_view(), name="message_resend"),
    path("messages/<int:pk>/again/page/", messages.SendAgainHtmlView.as_view(), name="message_resend_html"),
    path("stop-emails/<str:token>/", unsubscribe.unsubscribe, name="unsubscribe"),
    path("inbox/", demo_inbox.InboxListView.as_view(), name="inbox"),
    path("inbox/<str:key>/", demo_inbox.InboxMessageView.as_view(), name="inbox_message"),
    path("inbox/<str:key>/page/", demo_inbox.InboxHtmlView.as_view(), name="inbox_html"),
    path(
        "inbox/<str:key>/attachments/<int:number>/", demo_inbox.InboxAttachmentView.as_view(), name="inbox_attachment"
    ),
    path("letters/", letters.LetterListView.as_view(), name="letters"),
    path("letters/pdf/", letters.LettersPdfView.as_view(), name="letters_pdf"),
    path("letters/printed/", letters.MarkLettersPrintedView.as_view(), name="letters_printed"),
    path("letters/<int:pk>/again/", letters.ReprintLetterView.as_view(), name="letter_reprint"),
    path("sms/inbound/", sms_replies.sms_inbound, name="sms_inbound"),
]
