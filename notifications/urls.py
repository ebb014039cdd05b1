"""Where are the demo inbox and the letters, and where do answers to text messages come in?"""

from django.urls import path

from notifications import letter_views, phone_views, views

urlpatterns = [
    path("inbox/", views.InboxList.as_view(), name="inbox"),
    path("inbox/<str:key>/", views.InboxMessage.as_view(), name="inbox_message"),
    path("inbox/<str:key>/page/", views.InboxHtml.as_view(), name="inbox_html"),
    path("inbox/<str:key>/attachments/<int:number>/", views.InboxAttachment.as_view(), name="inbox_attachment"),
    path("letters/", letter_views.Letters.as_view(), name="letters"),
    path("letters/pdf/", letter_views.LettersPdf.as_view(), name="letters_pdf"),
    path("letters/printed/", letter_views.LettersPrinted.as_view(), name="letters_printed"),
    path("letters/<int:pk>/again/", letter_views.LetterAgain.as_view(), name="letter_again"),
    path("sms/inbound/", phone_views.inbound, name="sms_inbound"),
]
