"""Where are the desks? The queue, one recall and its steps, the reading worklist, tasks and search."""

from django.urls import path

from recalls.views.appointments import Appointments, AppointmentStep
from recalls.views.booking import BOOKING_STEPS, BookingPage
from recalls.views.bulk import Bulk
from recalls.views.closed_day import ClosedDay
from recalls.views.mine import MyRecalls
from recalls.views.queue import Queue
from recalls.views.reading import ANSWERS, AnswerPage
from recalls.views.recall import NextRecall, RecallPage, StillHere
from recalls.views.saved import DeleteView, SaveView
from recalls.views.search import Search
from recalls.views.steps import StepPage
from recalls.views.undo import UndoStep
from recalls.views.work import Work, WorkDone
from recalls.views.worklist import Worklist

urlpatterns = [
    path("queue/", Queue.as_view(), name="queue"),
    path("queue/bulk/", Bulk.as_view(), name="bulk"),
    path("queue/views/", SaveView.as_view(), name="view_save"),
    path("queue/views/<int:pk>/delete/", DeleteView.as_view(), name="view_delete"),
    path("queue/<slug:state>/", Queue.as_view(), name="queue_state"),
    path("recalls/<int:pk>/", RecallPage.as_view(), name="recall"),
    path("recalls/<int:pk>/next/", NextRecall.as_view(), name="next_recall"),
    path("recalls/<int:pk>/here/", StillHere.as_view(), name="still_here"),
    path("recalls/<int:pk>/undo/", UndoStep.as_view(), name="undo"),
    # A radiologist's answers have a screen of their own at the address of their step.
    *(path(f"recalls/<int:pk>/{step}/", AnswerPage.as_view(), {"step": step}) for step in ANSWERS),
    *(
        path(f"recalls/<int:pk>/{step}/", BookingPage.as_view(), {"step": step}, name="booking")
        for step in BOOKING_STEPS
    ),
    path("recalls/<int:pk>/<slug:step>/", StepPage.as_view(), name="step"),
    path("appointments/", Appointments.as_view(), name="appointments"),
    path("appointments/tomorrow/", Appointments.as_view(), {"when": "tomorrow"}, name="appointments_tomorrow"),
    path("appointments/closed/", ClosedDay.as_view(), name="closed_day"),
    path("appointments/<int:pk>/<slug:step>/", AppointmentStep.as_view(), name="appointment_step"),
    path("worklist/", Worklist.as_view(), name="worklist"),
    path("my-recalls/", MyRecalls.as_view(), name="my_recalls"),
    path("work/", Work.as_view(), name="work"),
    path("work/<int:pk>/done/", WorkDone.as_view(), name="work_done"),
    path("search/", Search.as_view(), name="search"),
]
