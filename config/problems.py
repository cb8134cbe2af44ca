"""Domain errors to HTTP: the one table. What the rows look like is in problem.py, how they answer in refusing.py."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions

from accounts import idempotency, session_header, signing_in
from config import operators
from config.problem import Problem
from exams import access, content, definitions, feed, late, sources, start, void, windows
from exams.api import diagnoses as diagnoses_api
from exams.api import drafts as drafts_api
from exams.api import questions as questions_api
from exams.live import deployments, diagnoses, drafts, questions, updates, uploads
from exams.submit import granting, hand_ins, runs, self_checks
from grading import queue
from rubrics import errors as judgement
from rubrics.result import NotSignedOffYet

Rows = dict[type[Exception], Problem]

PEOPLE: Rows = {
    signing_in.WrongPassword: Problem(
        401, "wrong-password", "The address and the password do not fit", "Check both; passwords tell case apart."
    ),
    signing_in.LockedOut: Problem(
        429, "locked-out", "Too many wrong passwords", "Wait a quarter of an hour, or ask an admin for a new password."
    ),
    session_header.CsrfTokenNeeded: Problem(
        403,
        "csrf-token-needed",
        "The session's CSRF token is missing or stale",
        "GET /api/v1/session/, and send its `csrf_token` in X-CSRFToken with its cookies; or use a token for programs.",
    ),
    idempotency.KeyUnusable: Problem(
        400, "key-unusable", "The Idempotency-Key cannot be used", "Send 1 to 200 printable characters: a random UUID."
    ),
    idempotency.KeyReused: Problem(
        422, "key-reused", "The Idempotency-Key was used for another request", "Send a new key with a new request."
    ),
    idempotency.StillAnswering: Problem(
        409, "still-answering", "The same request is being answered", "Wait a second and send it again."
    ),
}

ATTEMPTS: Rows = {
    access.NothingHere: Problem(
        404, "not-found", "There is nothing here for you", "Check the address, and who is signed in."
    ),
    access.AdminsOnly: Problem(403, "admins-only", "Only admins do this", "Ask an admin, and say why."),
    start.NoSuchTwin: Problem(404, "no-such-twin", "There is no such twin", "Look in the catalogue, /api/v1/twins/."),
    start.LearnersOnly: Problem(403, "learners-only", "Only learners start attempts", "Sign in as a learner."),
    start.AlreadyLive: Problem(
        409, "already-live", "You have a live attempt", "Go on with the attempt that `attempt` names."
    ),
    start.NoAttemptsLeft: Problem(
        409, "no-attempts-left", "Every attempt has been used", "The best attempt counts; there is no further one."
    ),
    start.PreviousNotSignedOff: Problem(
        409, "previous-not-signed-off", "The previous attempt is not signed off", "Wait for the mentor's sign-off."
    ),
    start.NotPrepared: Problem(409, "not-prepared", "That attempt does not wait to begin", "Press start again."),
    start.IncidentBeingPrepared: Problem(
        503,
        "incident-being-prepared",
        "Your incident is being prepared",
        "Your clock has not started. Send the same again after `Retry-After` seconds; only that starts it.",
    ),
    start.CouldNotPrepare: Problem(
        503, "could-not-prepare", "We could not prepare your attempt", "Your clock has not started. Try again shortly."
    ),
    feed.TicketRefused: Problem(
        401, "ticket-refused", "The ticket opens no stream", "Ask for a new ticket and open the stream within a minute."
    ),
    feed.FeedAway: Problem(503, "feed-away", "The feed is away", "Read the pages of events, or try again shortly."),
    void.AlreadyVoid: Problem(409, "already-void", "The attempt is void already", "Nothing; the first reason stands."),
    void.ReasonMissing: Problem(400, "reason-missing", "A reason is needed", "Say why, in words."),
}

WORK: Rows = {
    content.ContentTooLarge: Problem(413, "content-too-large", "There is too much of it", "Shorten it; `limit` says."),
    content.ContentUnusable: Problem(
        400, "content-unusable", "It cannot be kept as it is", "Send plain, flatter JSON."
    ),
    definitions.NoSuchDeliverable: Problem(
        404, "no-such-deliverable", "The twin asks for no such deliverable", "`deliverables` lists those it asks for."
    ),
    definitions.NotPartOfThisTwin: Problem(
        404, "not-part-of-this-twin", "The twin has no stage for that", "Read the twin's page for what it asks."
    ),
    windows.NotStarted: Problem(409, "not-started", "The clock has not been started", "Start the attempt first."),
    windows.AttemptVoid: Problem(409, "attempt-void", "The attempt does not count", "Ask an admin if in doubt."),
    windows.NoSuchStage: Problem(404, "no-such-stage", "There is no such stage", "`stages` lists those there are."),
    windows.StageNotOpenYet: Problem(
        409, "stage-not-open-yet", "The stage is not open yet", "Send it again after `opens_at`."
    ),
    windows.WindowClosed: Problem(
        409, "window-closed", "The window is closed", "Nothing more runs here; what you handed in stands."
    ),
    late.TooManyLateWrites: Problem(
        429, "too-many-late-writes", "No more late writes are kept", "Ask an admin to look at those there are."
    ),
    drafts.StaleDraft: Problem(
        409, "stale-draft", "Another version was saved in between", "Both are kept; save again from `current`."
    ),
    drafts_api.IfMatchNeeded: Problem(
        428,
        "if-match-needed",
        "Say from which version you edited",
        "Send `send` as a header, if you edited that version.",
    ),
    drafts_api.NoSuchVersion: Problem(404, "no-such-version", "There is no such version", "List the versions first."),
    uploads.UploadUnusable: Problem(400, "upload-unusable", "The file is not taken", "`field` says what to change."),
    uploads.TooManyUploads: Problem(
        409, "too-many-uploads", "No more files are taken", "Hand in one of those there are, or a repository."
    ),
    uploads.NoSuchUpload: Problem(404, "no-such-upload", "There is no such upload", "Commit to the file first."),
    uploads.BytesDiffer: Problem(
        409, "bytes-differ", "These are not the bytes you committed to", "Send the very file, or commit to this one."
    ),
    uploads.BytesTooLate: Problem(409, "bytes-too-late", "The bytes came too late", "Commit again and send at once."),
    updates.TooManyUpdates: Problem(409, "too-many-updates", "No more status updates are taken", "Those posted stand."),
    updates.UpdateUnusable: Problem(
        400, "update-unusable", "The update cannot be posted", "`field` says what to change."
    ),
    questions.QuestionUnusable: Problem(
        400, "question-unusable", "The question cannot be asked", "`field` says what to change."
    ),
    questions.AskingTooFast: Problem(429, "asking-too-fast", "Too many questions at once", "Wait for an answer."),
    questions.NoQuestionsLeft: Problem(
        409, "no-questions-left", "Every question has been asked", "Work with the answers you have."
    ),
    questions_api.NoSuchQuestion: Problem(404, "no-such-question", "There is no such question", "List them first."),
    deployments.NoSuchRun: Problem(404, "no-such-run", "There is no such run", "List the runs first."),
    deployments.NotDeployable: Problem(
        409, "not-deployable", "That run has nothing to deploy", "Deploy a run whose source was taken in."
    ),
    deployments.DeploymentInFlight: Problem(
        409, "deployment-in-flight", "A deployment is under way", "Wait for it, or roll back to call it off."
    ),
    deployments.NoDeploymentsLeft: Problem(
        409, "no-deployments-left", "No more deployments are taken", "What is live stays live."
    ),
    deployments.NoSuchDeployment: Problem(
        404, "no-such-deployment", "There is no such deployment", "List the deployments first."
    ),
    deployments.NothingToRollBackTo: Problem(
        409, "nothing-to-roll-back-to", "There is nothing to go back to", "Name a deployment that was live before."
    ),
    diagnoses.TooManyDiagnoses: Problem(409, "too-many-diagnoses", "No more diagnoses are taken", "Those filed stand."),
    diagnoses.DiagnosisUnusable: Problem(
        400, "diagnosis-unusable", "The diagnosis cannot be filed", "`field` says what to change."
    ),
    diagnoses_api.NoSuchDiagnosis: Problem(404, "no-such-diagnosis", "There is no such diagnosis", "List them first."),
    sources.BadSource: Problem(
        400, "bad-source", "The code is not where the source says", "Correct the source and send it again."
    ),
    self_checks.CriticalSelfCheck: Problem(
        409,
        "critical-self-check",
        "A critical self-check blocks the hand-in",
        "Do what it asks, or force with a reason.",
    ),
    self_checks.UnknownSelfCheck: Problem(
        400, "unknown-self-check", "That is no answer to a self-check here", "Answer those in `checks` with yes or no."
    ),
    self_checks.ForceNeedsReason: Problem(400, "force-needs-reason", "A force needs a reason", "Say why, in words."),
    hand_ins.NotOfThisStage: Problem(
        400, "not-of-this-stage", "That is handed in with another stage", "Hand it in with the stage in `stage`."
    ),
    hand_ins.NothingToHandIn: Problem(
        400, "nothing-to-hand-in", "There is nothing to hand in", "Send or save a deliverable first."
    ),
    hand_ins.TooManyHandIns: Problem(409, "too-many-hand-ins", "No more hand-ins are taken", "The last one counts."),
    runs.TooManyRunsWaiting: Problem(429, "too-many-runs-waiting", "Too many runs wait", "Wait for one to end."),
    runs.NoRunsLeft: Problem(409, "no-runs-left", "Every run has been made", "You can still hand in."),
    granting.NoSuchLateWrite: Problem(404, "no-such-late-write", "There is no such late write", "Check the address."),
    granting.AlreadyGranted: Problem(409, "already-granted", "It counts already", "Nothing; the first grant stands."),
    granting.GrantNeedsReason: Problem(400, "grant-needs-reason", "A grant needs a reason", "Say why, in words."),
    granting.CannotBeGranted: Problem(409, "cannot-be-granted", "It cannot be made to count", "It stays for reading."),
}

GRADING: Rows = {
    queue.NothingToRepeat: Problem(
        409, "nothing-to-repeat", "That run cannot be tried again", "Only a run that ended by our fault can be."
    ),
}

JUDGEMENT: Rows = {
    judgement.AlreadyClaimed: Problem(409, "already-claimed", "Another mentor has this review"),
    judgement.OwnAttempt: Problem(403, "own-attempt", "Nobody reviews their own attempt"),
    judgement.Conflicted: Problem(403, "conflict-of-interest", "You do not review this learner"),
    judgement.TooManyClaims: Problem(409, "too-many-claims", "You hold as many reviews as you may"),
    judgement.NotYours: Problem(409, "claim-not-yours", "You do not hold this review"),
    judgement.ClaimRanOut: Problem(409, "claim-ran-out", "Your claim ran out"),
    judgement.AlreadySignedOff: Problem(409, "already-signed-off", "A signed review is frozen"),
    judgement.NotAStep: Problem(400, "not-a-step", "Scores go in steps of 0.05"),
    judgement.SaysNothing: Problem(400, "score-says-nothing", "A score says why"),
    judgement.UnknownEvidence: Problem(400, "unknown-evidence", "That evidence is not in this attempt"),
    judgement.UnknownDimension: Problem(404, "unknown-dimension", "The rubric has no such dimension"),
    judgement.NotAllScored: Problem(409, "not-all-scored", "Some dimensions have no score"),
    judgement.WorkChanged: Problem(409, "work-changed", "What counts has changed since it was scored"),
    judgement.NotConfirmed: Problem(409, "not-confirmed", "Signing off is one confirmed act"),
    judgement.NotPassing: Problem(409, "not-passing", "Skills are asserted on a passing review only"),
    judgement.OverCeiling: Problem(400, "over-ceiling", "The weight is above the skill's ceiling"),
    judgement.SkillNotOnOffer: Problem(400, "skill-not-on-offer", "The twin does not offer this skill"),
    judgement.AppealsNotOffered: Problem(409, "appeals-not-offered", "This twin takes no appeals"),
    judgement.AlreadyAppealed: Problem(409, "already-appealed", "The attempt was appealed already"),
    judgement.AppealWindowClosed: Problem(409, "appeal-window-closed", "The time to appeal is over"),
    judgement.AppealNeedsReason: Problem(400, "appeal-needs-reason", "An appeal says why"),
    judgement.AppealNotConfirmed: Problem(409, "appeal-not-confirmed", "Appealing is one confirmed act"),
    judgement.HeldTheFirst: Problem(403, "held-the-first-review", "An appeal is heard by somebody else"),
    judgement.NotAMentor: Problem(403, "not-a-mentor", "Only mentors review"),
    NotSignedOffYet: Problem(409, "not-signed-off-yet", "There is no result yet"),
}

OPERATING: Rows = {
    operators.OperatorsOnly: Problem(
        403, "operators-only", "Only operators see this", "Sign in as an admin, or send the token for metrics."
    ),
}

# The one table: the errors that each part's rules raise. The most derived class wins.
TABLE: Rows = PEOPLE | ATTEMPTS | WORK | GRADING | JUDGEMENT | OPERATING

# What Django and its REST framework raise by themselves.
FRAMEWORK: Rows = {
    exceptions.ValidationError: Problem(400, "invalid", "The request has fields we cannot use"),
    exceptions.ParseError: Problem(400, "unreadable", "The request body could not be read"),
    exceptions.NotAuthenticated: Problem(401, "sign-in-first", "Sign in first"),
    exceptions.AuthenticationFailed: Problem(401, "sign-in-failed", "The sign-in was not accepted"),
    exceptions.PermissionDenied: Problem(403, "not-allowed", "You may not do this"),
    PermissionDenied: Problem(403, "not-allowed", "You may not do this"),
    exceptions.NotFound: Problem(404, "not-found", "There is nothing here for you"),
    Http404: Problem(404, "not-found", "There is nothing here for you"),
    exceptions.MethodNotAllowed: Problem(405, "method-not-allowed", "This address does not take that method"),
    exceptions.NotAcceptable: Problem(406, "not-acceptable", "We answer in JSON only"),
    exceptions.UnsupportedMediaType: Problem(415, "unsupported-media-type", "We read JSON here"),
    exceptions.Throttled: Problem(429, "too-many-requests", "Too many requests"),
}


def find(error: Exception) -> Problem | None:
    """The row of the most derived class of `error` that has one."""
    for kind in type(error).__mro__:
        row = TABLE.get(kind) or FRAMEWORK.get(kind)
        if row is not None:
            return row
    return None
