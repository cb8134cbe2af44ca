"""Evidence: what the submitted work does when it is run."""

from django.apps import AppConfig


class GradingConfig(AppConfig):
    """Evidence: what the submitted work does when it is run."""

    name = "grading"

    def ready(self) -> None:
        """Answers what exams, which cannot look ahead, asks: what came of a diagnosis, and how many runs wait."""
        from exams.live import diagnoses  # noqa: PLC0415 - models are loaded by now, not before
        from exams.submit import runs  # noqa: PLC0415
        from grading import queue, repro  # noqa: PLC0415

        diagnoses.diagnosis_results.append(repro.results)
        runs.ungraded_runs.append(queue.ungraded_practice_runs)
