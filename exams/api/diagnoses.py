"""Diagnoses over HTTP: filed on the clock; whether the repro reproduces is told, whether the cause is true is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from accounts.api.asking import Body, Few
from accounts.idempotency import idempotent
from exams import incident, live
from exams.access import attempt_for, own_attempt, sees_hidden
from exams.api import causes
from exams.api.shapes import ReceiptSerializer, WithServerNow
from exams.api.writing import LateWriteShape, WriteView, answer, arrived, person, written
from exams.definitions import twin_of
from exams.errors import Refusal
from exams.live.diagnoses import (
    CLASS_CHARACTERS,
    COMPONENT_CHARACTERS,
    EXPLANATION_CHARACTERS,
    MAX_QUESTIONS,
    QUESTION_CHARACTERS,
    results_of,
)
from exams.models import Diagnosis
from exams.packs import CauseCatalogue
from exams.queries import class_is_looked_for

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from rest_framework.request import Request
    from rest_framework.response import Response

    from exams.models import Attempt


class NoSuchDiagnosis(Refusal):
    """No diagnosis of that number was filed in this attempt."""


class DiagnosisWrite(Body):
    """What is broken, how, why, and the fewest questions that show it."""

    component = serializers.CharField(
        max_length=COMPONENT_CHARACTERS,
        help_text="Best by file or by the key of a component in the twin's `cause_catalogue`; else in your own words.",
    )
    failure_class = serializers.CharField(
        max_length=CLASS_CHARACTERS,
        help_text="Best by key or title of a cause in the twin's `cause_catalogue`, in any case, two of them joined by "
        "` + ` or ` and `; else in your own words, which only your mentor can judge.",
    )
    explanation = serializers.CharField(max_length=EXPLANATION_CHARACTERS)
    repro = Few(child=serializers.CharField(max_length=QUESTION_CHARACTERS), min_length=1, max_length=MAX_QUESTIONS)


class DiagnosisShape(DiagnosisWrite):
    """A filed diagnosis and what came of trying its repro."""

    read_as = causes.ReadAsSerializer()
    number = serializers.IntegerField()
    received_at = serializers.DateTimeField()
    reproduces = serializers.BooleanField(allow_null=True, help_text="null: not tried yet.")
    transcript = serializers.ListField(
        child=serializers.DictField(),
        help_text="What was asked and answered, and what each answer is worth (`verdict`, `harmful`, `why`). To the "
        "learner `verdict` is `right`, `wrong`, `refused` or `unreadable` until the window has closed; after that it "
        "names the way in which it is wrong.",
    )
    checked_at = serializers.DateTimeField(allow_null=True)


class DiagnosisFiled(WithServerNow):
    """The receipt, and the diagnosis; or the late write it became."""

    receipt = ReceiptSerializer()
    diagnosis = DiagnosisShape(allow_null=True)
    late_write = LateWriteShape(allow_null=True)


class DiagnosisList(WithServerNow):
    """Every diagnosis, oldest first."""

    results = DiagnosisShape(many=True)


class DiagnosisPage(WithServerNow):
    """One diagnosis."""

    diagnosis = DiagnosisShape()


class DiagnosesView(WriteView):
    """The diagnoses of an attempt."""

    @extend_schema(
        operation_id="diagnosis_file",
        request=DiagnosisWrite,
        responses={201: DiagnosisFiled, 202: DiagnosisFiled},
    )
    @idempotent
    def post(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """File a diagnosis; its repro is put to the failing model at once. 202 when the live window had closed."""
        attempt = own_attempt(request.user, attempt_id)
        received_at = arrived(request)
        body = DiagnosisWrite(data=request.data)
        body.is_valid(raise_exception=True)
        filed = live.file_diagnosis(
            attempt=attempt, actor=person(request), received_at=received_at, **body.validated_data
        )
        return written(
            filed.receipt,
            late=filed.late,
            diagnosis=shown([filed.diagnosis], fine=_fine(request, attempt))[0]
            if filed.diagnosis is not None
            else None,
        )

    @extend_schema(operation_id="diagnoses", responses=DiagnosisList)
    def get(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """Every diagnosis; the twin's limit keeps the list short."""
        attempt = attempt_for(request.user, attempt_id)
        return answer(
            results=shown(
                list(Diagnosis.objects.filter(attempt=attempt).order_by("number")), fine=_fine(request, attempt)
            )
        )


class DiagnosisView(WriteView):
    """One diagnosis."""

    @extend_schema(operation_id="diagnosis", responses=DiagnosisPage)
    def get(self, request: Request, attempt_id: uuid.UUID, number: int) -> Response:
        """One diagnosis and, once tried, whether its repro reproduces."""
        attempt = attempt_for(request.user, attempt_id)
        diagnosis = Diagnosis.objects.filter(attempt=attempt, number=min(number, 2**15 - 1)).first()
        if diagnosis is None:
            raise NoSuchDiagnosis(f"No diagnosis {number} was filed in this attempt.")
        return answer(diagnosis=shown([diagnosis], fine=_fine(request, attempt))[0])


def _fine(request: Request, attempt: Attempt) -> bool:
    return sees_hidden(request.user) or not class_is_looked_for(attempt, now=arrived(request))


def shown(diagnoses: Sequence[Diagnosis], *, fine: bool) -> list[dict[str, Any]]:
    """Diagnoses of one attempt with what came of their repros; only when `fine`, in what way each answer is wrong."""
    results = results_of(diagnoses, fine=fine)
    twin = twin_of(diagnoses[0].attempt) if diagnoses else None
    catalogue = (twin and incident.cause_catalogue(twin)) or CauseCatalogue()
    rows = []
    for diagnosis in diagnoses:
        result = results.get(diagnosis.pk)
        rows.append(
            {
                "number": diagnosis.number,
                "component": diagnosis.component,
                "failure_class": diagnosis.failure_class,
                "read_as": causes.read_as(diagnosis, catalogue),
                "explanation": diagnosis.explanation,
                "repro": diagnosis.repro,
                "received_at": diagnosis.received_at,
                "reproduces": result.reproduces if result else None,
                "transcript": result.transcript if result else [],
                "checked_at": result.checked_at if result else None,
            }
        )
    return rows


urlpatterns = [
    path("attempts/<uuid:attempt_id>/diagnoses/", DiagnosesView.as_view(), name="diagnoses"),
    path("attempts/<uuid:attempt_id>/diagnoses/<int:number>/", DiagnosisView.as_view(), name="diagnosis"),
]
