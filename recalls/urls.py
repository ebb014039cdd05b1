"""URL routes of the queue, the recall pages, appointments, worklist, work items, supplemental tests and search."""

from django.urls import path

from recalls.views.appointments import AppointmentListView, AppointmentStepView, EarlierTimesView, RoomEntryView
from recalls.views.booking import BOOKING_STEPS, BookingView
from recalls.views.bulk import BulkActionView
from recalls.views.close_day import CloseDayView
from recalls.views.contact_details import ContactDetailsView
from recalls.views.my_recalls import MyRecallsView
from recalls.views.navigation.navigator_list import NavigatorCaseView, NavigatorListView
from recalls.views.queue import QueueView
from recalls.views.reading import RADIOLOGIST_STEPS, RadiologistStepView
from recalls.views.recall import NextRecallView, OutsideReportView, RecallDetailView, RefreshPresenceView
from recalls.views.report_requests import ReportRequestListView
from recalls.views.same_day.lane import LaneAnswerView, LaneDayView, LaneView
from recalls.views.saved_views import SavedViewCreateView, SavedViewDeleteView
from recalls.views.search import SearchView
from recalls.views.steps import StepFormView
from recalls.views.supplemental import SupplementalAddView, SupplementalListView, SupplementalTestView
from recalls.views.undo import UndoStepView
from recalls.views.work_items import AssignTasksView, WorkItemDoneView, WorkItemListView
from recalls.views.worklist import WorklistView

urlpatterns = [
    path("queue/", QueueView.as_view(), name="queue"),
    path("queue/bulk/", BulkActionView.as_view(), name="bulk"),
    path("queue/views/", SavedViewCreateView.as_view(), name="saved_view_create"),
    path("queue/views/<int:pk>/delete/", SavedViewDeleteView.as_view(), name="saved_view_delete"),
    path("queue/<slug:state>/", QueueView.as_view(), name="queue_state"),
    path("recalls/<int:pk>/", RecallDetailView.as_view(), name="recall"),
    path("recalls/<int:pk>/next/", NextRecallView.as_view(), name="next_recall"),
    path("recalls/<int:pk>/here/", RefreshPresenceView.as_view(), name="refresh_presence"),
    path("recalls/<int:pk>/reports/<int:report_pk>/", OutsideReportView.as_view(), name="outside_report"),
    path("recalls/<int:pk>/contact/", ContactDetailsView.as_view(), name="contact_details"),
    path("recalls/<int:pk>/lane/", LaneAnswerView.as_view(), name="lane_answer"),
    path("recalls/<int:pk>/undo/", UndoStepView.as_view(), name="undo"),
    # A radiologist's answers have a screen of their own at the address of their step.
    *(path(f"recalls/<int:pk>/{step}/", RadiologistStepView.as_view(), {"step": step}) for step in RADIOLOGIST_STEPS),
    *(
        path(f"recalls/<int:pk>/{step}/", BookingView.as_view(), {"step": step}, name="booking_step")
        for step in BOOKING_STEPS
    ),
    path("recalls/<int:pk>/<slug:step>/", StepFormView.as_view(), name="step"),
    path("appointments/", AppointmentListView.as_view(), name="appointments"),
    path("appointments/tomorrow/", AppointmentListView.as_view(), {"when": "tomorrow"}, name="appointments_tomorrow"),
    path("appointments/arrivals/", AppointmentListView.as_view(), {"when": "arrivals"}, name="arrivals"),
    path("appointments/earlier/", EarlierTimesView.as_view(), name="earlier_times"),
    path("appointments/closed/", CloseDayView.as_view(), name="close_day"),
    path("appointments/<int:pk>/room/", RoomEntryView.as_view(), name="room_entry"),
    path("appointments/<int:pk>/<slug:step>/", AppointmentStepView.as_view(), name="appointment_step"),
    path("lane/", LaneView.as_view(), name="lane"),
    path("lane/<int:site_pk>/<str:day>/", LaneDayView.as_view(), name="lane_day"),
    path("worklist/", WorklistView.as_view(), name="worklist"),
    path("my-recalls/", MyRecallsView.as_view(), name="my_recalls"),
    path("reports-owed/", ReportRequestListView.as_view(), name="report_requests"),
    path("work/", WorkItemListView.as_view(), name="work_items"),
    path("work/assign/", AssignTasksView.as_view(), name="assign_tasks"),
    path("work/<int:pk>/done/", WorkItemDoneView.as_view(), name="work_item_done"),
    path("navigation/", NavigatorListView.as_view(), name="navigator_list"),
    path("navigation/<int:pk>/", NavigatorCaseView.as_view(), name="navigator_case"),
    path("supplemental/", SupplementalListView.as_view(), name="supplemental"),
    path("supplemental/add/", SupplementalAddView.as_view(), name="supplemental_add"),
    path("supplemental/<int:pk>/", SupplementalTestView.as_view(), name="supplemental_test"),
    path("search/", SearchView.as_view(), name="search"),
]
