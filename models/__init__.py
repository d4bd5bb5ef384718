"""What the platform remembers. Importing the package makes every table known."""

from models.accommodation import Accommodation, CohortOverride, QuizOverride
from models.attempt import AnswerSave, Attempt, AttemptBreak, AttemptItem, HintTaken
from models.attempt_file import AttemptFile
from models.audit_entry import AuditEntry
from models.backup import Backup
from models.base import utcnow
from models.blob import Blob, CourseFile
from models.certificate import Certificate, CertificateLook, SigningKey
from models.cluster import ClusterState, WarmLab, WarmPlan
from models.course import Activity, Course, Lesson, Module
from models.course_event import CourseEvent, EventCounter
from models.course_import import CourseImport, ImportBaseline
from models.data_export import DataExport
from models.ended_session import EndedSession
from models.enrolment import Cohort, Completion, Enrolment
from models.erasure import Erasure
from models.expected_place import ExpectedPlace
from models.generation import Generation, GenerationCall, GenerationDraft, ModelConsent
from models.grade import GradeMark
from models.grading_hold import GradingHold
from models.grading_run import GradingRun
from models.kept_version import KeptVersion
from models.lab import Lab, LabCheck, LabStep
from models.lab_event import IdleVerdict, LabEvent
from models.lab_help import LabMessage, LabRead, LabVisit
from models.lab_save import LabSave
from models.lab_session import CheckRun, LabSession
from models.lti import LtiContext, LtiKey, LtiPlatform
from models.lti_grade import LtiLineItem, LtiMember, LtiScore
from models.mail import Mail
from models.outside_identity import OutsideIdentity
from models.points import BoardPlace, CourseTotal, PointAudit, PointEntry
from models.practice import PracticeCard, PracticeReview
from models.question import Question, QuestionVersion
from models.question_import import QuestionImport
from models.quiz import Quiz, QuizSlot
from models.regrade import Regrade, RegradeNote
from models.second_factor import Authenticator, Passkey, RecoveryCode
from models.sent_request import SentRequest
from models.user import ApiToken, Role, User
from models.webhook import Webhook, WebhookDelivery, WebhookTry

__all__ = [
    "Accommodation",
    "Activity",
    "AnswerSave",
    "ApiToken",
    "Attempt",
    "AttemptBreak",
    "AttemptFile",
    "AttemptItem",
    "Authenticator",
    "AuditEntry",
    "Backup",
    "Blob",
    "BoardPlace",
    "Certificate",
    "CertificateLook",
    "CheckRun",
    "ClusterState",
    "Cohort",
    "CohortOverride",
    "Completion",
    "Course",
    "CourseEvent",
    "CourseFile",
    "CourseImport",
    "CourseTotal",
    "DataExport",
    "EndedSession",
    "Enrolment",
    "Generation",
    "GenerationCall",
    "GenerationDraft",
    "ModelConsent",
    "EventCounter",
    "Erasure",
    "ExpectedPlace",
    "GradeMark",
    "GradingHold",
    "GradingRun",
    "HintTaken",
    "IdleVerdict",
    "ImportBaseline",
    "KeptVersion",
    "Lab",
    "LabCheck",
    "LabEvent",
    "LabMessage",
    "LabRead",
    "LabSave",
    "LabSession",
    "LabStep",
    "LabVisit",
    "Lesson",
    "LtiContext",
    "LtiKey",
    "LtiLineItem",
    "LtiMember",
    "LtiPlatform",
    "LtiScore",
    "Mail",
    "Module",
    "OutsideIdentity",
    "Passkey",
    "PointAudit",
    "PointEntry",
    "PracticeCard",
    "PracticeReview",
    "Question",
    "QuestionImport",
    "QuestionVersion",
    "Quiz",
    "QuizOverride",
    "QuizSlot",
    "RecoveryCode",
    "Regrade",
    "RegradeNote",
    "Role",
    "SentRequest",
    "SigningKey",
    "User",
    "WarmLab",
    "WarmPlan",
    "Webhook",
    "WebhookDelivery",
    "WebhookTry",
    "utcnow",
]
