"""The codes of reasons: each with its words beside it, and with the parameters that these need.

A code is stored, so it is never renamed, and never gets another meaning; its words may change. Words are message IDs of
gettext with named parameters. A clause, which has no capital and no full stop, stands within other words; `sentence` of
`reasons.words` makes a sentence of it. `said` is what another program said, as it is; a parameter's name ends in its
unit.
"""

from enum import StrEnum

from reasons.parts import N_, Counted, N_n, Nested, Several, Term


class Code(StrEnum):
    """Why something is as it is."""

    words: str | Counted
    params: dict[str, type]

    def __new__(cls, value: str, words: str | Counted, params: dict[str, type] | None = None) -> "Code":
        """Make a member of what is stored, its words, and its parameters."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.words, member.params = words, params or {}
        return member

    # What no code says: another program's own words, several reasons together, and a code of a release to come.
    SAID = "said", "%(said)s", {"said": str}
    SEVERAL = "several", "%(reasons)s", {"reasons": Several}
    UNKNOWN = (
        "unknown",
        N_("this version of the site has no words for the reason"),
        {"code": str, "params": dict},
    )

    # What there is too little of, as the cluster says.
    CLUSTER_DOWN = "cluster_down", N_("the cluster doesn't answer")
    NODES_FULL = (
        "nodes_full",
        N_("%(resource)s: %(count)s of %(total)s nodes full"),
        {"resource": Term, "count": int, "total": int},
    )
    NODES_LACK_DRIVER = (
        "nodes_lack_driver",
        N_("%(count)s of %(total)s nodes lack the driver"),
        {"count": int, "total": int},
    )
    NODES_LACK_POOL = (
        "nodes_lack_pool",
        N_("%(count)s of %(total)s nodes lack the node pool"),
        {"count": int, "total": int},
    )
    NODES_LACK_DATACENTER = (
        "nodes_lack_datacenter",
        N_("%(count)s of %(total)s nodes lack the datacenter"),
        {"count": int, "total": int},
    )
    NODES_LACK = (
        "nodes_lack",
        N_("%(count)s of %(total)s nodes lack what it asks for (%(said)s)"),
        {"count": int, "total": int, "said": str},
    )
    QUOTA_USED_UP = "quota_used_up", N_("the quota is used up: %(quotas)s"), {"quotas": str}
    NO_NODE = "no_node", N_("no node is ready for labs")
    NO_NODE_IN_POOL = "no_node_in_pool", N_("no node is ready for labs in the node pool %(pool)s"), {"pool": str}
    NO_NODE_TAKES_IT = "no_node_takes_it", N_("none of %(total)s nodes can take it"), {"total": int}

    # What there is too little of, as the limits and the machines say.
    MACHINES_IN_USE = (
        "machines_in_use",
        N_("%(used)s of %(limit)s machines are in use"),
        {"used": int, "limit": int},
    )
    OWN_LABS_IN_USE = "own_labs_in_use", N_("you have %(used)s of %(limit)s labs"), {"used": int, "limit": int}
    COURSE_SHARE_IN_USE = (
        "course_share_in_use",
        N_("your course has %(used)s of %(limit)s machines, and others wait"),
        {"used": int, "limit": int},
    )
    CPU_IN_USE = (
        "cpu_in_use",
        N_("CPU: %(used_mhz)s of %(limit_mhz)s MHz are in use"),
        {"used_mhz": int, "limit_mhz": int},
    )
    MEMORY_IN_USE = (
        "memory_in_use",
        N_("memory: %(used_mb)s of %(limit_mb)s MB are in use"),
        {"used_mb": int, "limit_mb": int},
    )
    TOO_LARGE_NOW = "too_large_now", N_("the lab needs a larger machine than there is")
    LAB_TOO_LARGE = "lab_too_large", N_("this lab needs a larger machine than there is")
    KIND_RUNS_NOWHERE = "kind_runs_nowhere", N_("no machine that there is can run labs of this kind")
    LABS_OFF = "labs_off", N_("labs are not set up here")

    KIND_WANTED = (
        "kind_wanted",
        N_("No machine here runs labs of the kind “%(template)s”."),
        {"template": str},
    )
    SIZE_WANTED = (
        "size_wanted",
        N_(
            "It needs %(cpu_mhz)s MHz of CPU, %(memory_mb)s MB of memory and %(disk_mb)s MB of disk; no machine here "
            "has as much."
        ),
        {"cpu_mhz": int, "memory_mb": int, "disk_mb": int},
    )

    # Why a machine doesn't start.
    GAVE_UP = (
        "gave_up",
        N_("The machine couldn't be started after several tries. Try again later, or tell your teacher."),
    )
    MACHINE_NOT_STARTED = "machine_not_started", N_("The machine couldn't start: %(why)s"), {"why": Nested}
    JOB_REFUSED = "job_refused", N_("The cluster doesn't take the lab: %(said)s"), {"said": str}
    JOB_NAME_TAKEN = (
        "job_name_taken",
        N_("The name %(job)s is taken on the cluster by somebody else's job."),
        {"job": str},
    )
    JOB_NAME_INVALID = "job_name_invalid", N_("“%(job)s” can't be a job's name."), {"job": str}
    TEMPLATE_MISSING = "template_missing", N_("There is no nomad-jobs/%(file)s on this site."), {"file": str}
    TEMPLATE_NOT_TEXT = (
        "template_not_text",
        N_("%(file)s isn't text in UTF-8: %(said)s"),
        {"file": str, "said": str},
    )
    TEMPLATE_REFUSED = (
        "template_refused",
        N_("The cluster can't read %(file)s: %(said)s"),
        {"file": str, "said": str},
    )
    KIND_NEEDS_CLUSTER = (
        "kind_needs_cluster",
        N_("Labs of the kind “%(template)s” need Nomad; this site runs labs on one machine."),
        {"template": str},
    )
    NETWORK_NEEDS_PROGRAM = (
        "network_needs_program",
        N_(
            "This lab asks for a network, and labs on this machine have none: it needs the program slirp4netns, which "
            "gives them one of their own (apt-get install slirp4netns)."
        ),
    )
    NETWORK_NEEDS_DEVICE = (
        "network_needs_device",
        N_(
            "This lab asks for a network, and labs on this machine have none: slirp4netns, which gives them one of "
            "their own, needs the device %(device)s, and whoever runs Yurt can't open it: %(said)s. Most systems let "
            "everybody (chmod 0666 %(device)s)."
        ),
        {"device": str, "said": str},
    )
    SETUP_FAILED = "setup_failed", N_("The lab's setup failed %(status)s. %(said)s"), {"status": str, "said": str}
    SANDBOX_FAILED = "sandbox_failed", N_("The sandbox can't start on this machine: %(said)s"), {"said": str}
    SANDBOX_ENDED = "sandbox_ended", N_("The sandbox can't start on this machine: it ended at once")

    # Why a machine is gone, or goes.
    MACHINE_AWAY = "machine_away", N_("the machine %(node)s went away"), {"node": str}
    MACHINE_DRAINED = "machine_drained", N_("the machine %(node)s was taken out of service"), {"node": str}
    NODE_LEAVING = "node_leaving", N_("%(node)s is being taken out of service"), {"node": str}
    LIFE_OVER = "life_over", N_("its longest life is over")
    TASK_ENDED = "task_ended", "%(task)s: %(said)s", {"task": str, "said": str}
    EXECUTOR_ENDED = (
        "executor_ended",
        N_("%(task)s: its executor, the node's own program for it, was ended"),
        {"task": str},
    )
    ENDED_SILENTLY = "ended_silently", N_("the machine ended without a reason")

    # Why a call to the backend came to nothing.
    CALL_FAILED = "call_failed", "%(said)s", {"said": str}

    # Why work isn't saved.
    MACHINE_GONE = "machine_gone", N_("The machine is gone, and with it what was done since the last save.")
    MACHINE_UNREACHED = "machine_unreached", N_("The machine couldn't be reached.")
    HOME_NOT_PACKED = "home_not_packed", N_("The machine couldn't pack the home.")
    HOME_NOT_STORED = "home_not_stored", N_("It couldn't be stored.")
    PACKING_TOO_SLOW = (
        "packing_too_slow",
        N_n(
            "limit_s",
            "Packing the home took longer than %(limit_s)s second.",
            "Packing the home took longer than %(limit_s)s seconds.",
        ),
        {"limit_s": int},
    )
    HOME_TOO_LARGE = "home_too_large", N_("The home is larger than %(limit_mb)s MB, packed."), {"limit_mb": int}
    HOME_HOLDS_TOO_MUCH = (
        "home_holds_too_much",
        N_("The home holds more than %(limit_mb)s MB, unpacked."),
        {"limit_mb": int},
    )
    HOME_HAS_TOO_MANY = "home_has_too_many", N_("The home has more than %(limit)s files."), {"limit": int}
    ARCHIVE_BROKE_OFF = "archive_broke_off", N_("The archive of the home broke off.")
    ARCHIVE_DAMAGED = "archive_damaged", N_("The archive of the home is damaged.")
    LINKS_OUTSIDE = (
        "links_outside",
        N_("“%(name)s” is a link to what isn't in the home: the home can't be saved like this."),
        {"name": str},
    )
    NO_FILE = "no_file", N_("“%(name)s” is no file: the home can't be saved like this."), {"name": str}
    HOME_NO_FOLDER = (
        "home_no_folder",
        N_("“%(name)s” is the home, and no folder: the home can't be saved like this."),
        {"name": str},
    )
    COMES_TWICE = "comes_twice", N_("“%(name)s” comes twice: the home can't be saved like this."), {"name": str}
    LIES_OUTSIDE = "lies_outside", N_("“%(name)s” isn't in the home: the home can't be saved like this."), {"name": str}
    BELOW_NO_FOLDER = (
        "below_no_folder",
        N_("“%(name)s” lies below what is no folder: the home can't be saved like this."),
        {"name": str},
    )
    NAME_TOO_LONG = (
        "name_too_long",
        N_("“%(name)s” has too long a name: the home can't be saved like this."),
        {"name": str},
    )

    # What there is to say of a check's output.
    CHECK_TOO_SLOW = (
        "check_too_slow",
        N_n(
            "limit_s",
            "It took longer than %(limit_s)s second and was stopped.",
            "It took longer than %(limit_s)s seconds and was stopped.",
        ),
        {"limit_s": int},
    )
    CHECK_PRINTED_MORE = (
        "check_printed_more",
        N_("[It printed more; only the first %(limit_kb)s kB are shown.]"),
        {"limit_kb": int},
    )

    # Why a person grades an answer that tests were to grade.
    TESTS_WITHOUT_LAB = "tests_without_lab", N_("the course doesn’t have the lab of its tests any more")
    TESTS_NOT_RUN = "tests_not_run", N_("the machine for its tests failed %(tries)s times"), {"tries": int}

    # What speaks for and against a lab's idleness.
    USE_UNKNOWN = "use_unknown", N_("nobody knows what happens in it")
    NO_INPUT = "no_input", N_("no input %(minutes)s min"), {"minutes": int}
    NO_REQUEST = "no_request", N_("no request %(minutes)s min"), {"minutes": int}
    NO_CHECK = "no_check", N_("no check %(minutes)s min"), {"minutes": int}
    CPU_UNKNOWN = "cpu_unknown", N_("CPU unknown")
    CPU_USED = "cpu_used", N_("CPU %(percent)s %%"), {"percent": float}
    PAGE_OPEN = "page_open", N_("page open")
    PAGE_CLOSED = "page_closed", N_("page closed")

    # Why a quiz can't be started now.
    QUIZ_NOT_OPEN = "quiz_not_open", N_("this quiz isn’t open yet")
    QUIZ_CLOSED = "quiz_closed", N_("this quiz is closed")
    QUIZ_EMPTY = "quiz_empty", N_("this quiz has no questions yet")
    QUIZ_POOL_SHORT = (
        "quiz_pool_short",
        N_("this quiz draws %(wanted)s questions with the tag %(tag)s, and only %(there)s are ready"),
        {"tag": str, "wanted": int, "there": int},
    )
    NO_ATTEMPTS_LEFT = "no_attempts_left", N_("you have used all attempts at this quiz")
    NO_BREAK_LEFT = "no_break_left", N_("there is no time for breaks left in this attempt")
    NO_BREAK_NOW = "no_break_now", N_("this attempt is over, or has no end that a break could put off")
    QUIZ_COOLDOWN = "quiz_cooldown", N_("there is a pause between two attempts at this quiz")
    QUIZ_CLOSES_BEFORE = "quiz_closes_before", N_("this quiz closes before the pause after your last attempt is over")
    QUIZ_PASSWORD_NEEDED = "quiz_password_needed", N_("this quiz needs a password, which your teacher gives out")
    REGRADE_STALE = (
        "regrade_stale",
        N_("something was graded or handed in since this preview: look at what it says now"),
    )
    COURSE_IMPORT_STALE = (
        "course_import_stale",
        N_("the course was changed since this preview: send the archive again, and look at what it does now"),
    )
    EVENTS_PRUNED = (
        "events_pruned",
        N_("events behind this position were deleted, because they were old: begin anew, or at %(first)s"),
        {"first": int},
    )
    EVENTS_AHEAD = (
        "events_ahead",
        N_("the feed ends at %(last)s: the site was set back to a backup, so begin anew"),
        {"last": int},
    )
    WEBHOOK_URL_UNFIT = "webhook_url_unfit", N_("must be an https:// address of the public net, without a password")
    WEBHOOK_OFF = "webhook_off", N_("this webhook is switched off")
    CALL_REFUSED_ADDRESS = "call_refused_address", N_("the address isn’t one of the public net, so it wasn’t called")
    CALL_UNREACHABLE = "call_unreachable", N_("nobody answered there")
    CALL_TOO_SLOW = "call_too_slow", N_("no answer came in time")
    CALL_TLS = "call_tls", N_("the connection isn’t safe: the certificate there isn’t to be trusted")
    COURSE_IMPORT_NOT_READY = "course_import_not_ready", N_("this import is no preview that waits for a decision")
    WORK_HANGS_ON_IT = (
        "work_hangs_on_it",
        N_(
            "there is work of %(people)s people on it (attempts: %(attempts)s, answers: %(answers)s, done: "
            "%(completions)s, lab sessions: %(sessions)s), which would go out of sight"
        ),
        {"people": int, "attempts": int, "answers": int, "completions": int, "sessions": int},
    )
    CHANGED_MEANWHILE = (
        "changed_meanwhile",
        N_("it has been changed since you read it: read it again, and look at what it says now"),
    )
    ROSTER_STALE = "roster_stale", N_("something has changed since this preview: look at what the list does now")
    ROSTER_WITHOUT_ADDRESS = "roster_without_address", N_("has no column with e-mail addresses in its first line")
    ROSTER_TOO_LONG = "roster_too_long", N_("holds over %(most)s people"), {"most": int}
    ROSTER_NO_TEXT = "roster_no_text", N_("isn't a text in columns that can be read")
    ROSTER_NO_ADDRESS = "roster_no_address", N_("“%(text)s” isn't an e-mail address"), {"text": str}
    ROSTER_TWICE = "roster_twice", N_("is on line %(line)s already"), {"line": int}
    ROSTER_ROLE_UNKNOWN = "roster_role_unknown", N_("“%(text)s” is no role in a course"), {"text": str}
    ROSTER_GROUP_LONG = "roster_group_long", N_("names a group with over %(most)s characters"), {"most": int}
    PART_SLUG_TAKEN = "part_slug_taken", N_("%(slug)s is the slug of a %(kind)s already"), {"slug": str, "kind": str}
    FILE_PATH_UNFIT = (
        "file_path_unfit",
        N_("must be made of A-Z, a-z, 0-9, dots, hyphens and underscores, at most seven folders deep"),
    )
    FILE_PATH_TAKEN = "file_path_taken", N_("is a folder, or lies below a file")
    COURSE_FULL = (
        "course_full",
        N_("is more than a course holds: %(most)s files, %(most_mb)s MB in all"),
        {"most": int, "most_mb": int},
    )
    FILE_IS_SHOWN = "file_is_shown", N_("is pointed at by %(where)s"), {"where": str}
    KEY_OF_ANOTHER_REQUEST = "key_of_another_request", N_("is the key of another request")
    KEY_UNFIT = "key_unfit", N_("must have 1 to %(most)s visible characters"), {"most": int}
    REGRADE_TESTING = (
        "regrade_testing",
        N_("the tests of the other key are still running: %(done)s of %(total)s answers are tested"),
        {"done": int, "total": int},
    )
    REGRADE_OVER = "regrade_over", N_("this regrade was applied or taken back meanwhile")
    REQUIRES_DONE = "requires_done", N_("finish “%(title)s” first"), {"title": str}
    REQUIRES_SCORE = (
        "requires_score",
        N_("reach %(percent)s %% in “%(title)s” first"),
        {"title": str, "percent": int},
    )
    REQUIRES_CHECK = (
        "requires_check",
        N_("pass the check “%(check)s” of “%(title)s” first"),
        {"title": str, "check": str},
    )

    SECOND_FACTOR_NEEDED = (
        "second_factor_needed",
        N_("this site asks you for a second factor: sign in on its pages, and add one there"),
    )
    # Why somebody isn't let in from elsewhere.
    IDENTITY_TAKEN = "identity_taken", N_("this identity belongs to another account here")
    LTI_PLATFORM_UNKNOWN = "lti_platform_unknown", N_("this learning platform isn’t registered here")
    LTI_PLATFORM_REFUSED = "lti_platform_refused", N_("the learning platform said no: %(said)s"), {"said": str}
    LTI_STATE = (
        "lti_state",
        N_("this link has been used already, or was opened too long ago: open it again on the learning platform"),
    )
    LTI_BROWSER = (
        "lti_browser",
        N_("this browser hasn’t begun it, or keeps no cookies: open the link again on the learning platform"),
    )
    LTI_TOKEN_UNREADABLE = "lti_token_unreadable", N_("what the learning platform sent can’t be read")
    LTI_ALGORITHM = (
        "lti_algorithm",
        N_("what the learning platform sent is signed by %(algorithm)s, and only RS256 is taken"),
        {"algorithm": str},
    )
    LTI_KEYS_UNREAD = (
        "lti_keys_unread",
        N_("the keys of the learning platform can’t be read at the moment: try again in a minute"),
    )
    LTI_KEY_UNKNOWN = "lti_key_unknown", N_("it is signed with a key that the learning platform doesn’t show")
    LTI_SIGNATURE = "lti_signature", N_("its signature isn’t the learning platform’s")
    LTI_ISSUER = "lti_issuer", N_("it comes from another learning platform than the one that began it")
    LTI_AUDIENCE = "lti_audience", N_("it is meant for another tool than this site")
    LTI_EXPIRED = "lti_expired", N_("it is too old: open the link again on the learning platform")
    LTI_EARLY = "lti_early", N_("it is of a time to come: the learning platform’s clock is wrong, or ours")
    LTI_NONCE = "lti_nonce", N_("it was made for another launch than this one")
    LTI_CLAIM = "lti_claim", N_("what the learning platform sent lacks a fitting “%(claim)s”"), {"claim": str}
    LTI_DEPLOYMENT = "lti_deployment", N_("it comes from a deployment that isn’t registered here")
    LTI_NOBODY = "lti_nobody", N_("the learning platform doesn’t say who you are")
    LTI_TARGET = "lti_target", N_("it leads to an address that isn’t one of this site’s for learning platforms")
    LTI_TICKET = "lti_ticket", N_("this page is out of date: open the link again on the learning platform")
    LTI_ACCOUNT_OFF = "lti_account_off", N_("your account here is switched off")
    LTI_UNCONNECTED = (
        "lti_unconnected",
        N_("this course of the learning platform isn’t connected with one here yet: its teacher opens this link first"),
    )
    LTI_CONNECTED_ELSEWHERE = "lti_connected_elsewhere", N_("it is connected with another course here meanwhile")
    LTI_OTHER_COURSE = (
        "lti_other_course",
        N_("this link was made for another course than “%(course)s”, with which it is connected here"),
        {"course": str},
    )
    LTI_NOT_STAFF = (
        "lti_not_staff",
        N_("only the staff of “%(course)s”, with which it is connected here, picks what its links lead to"),
        {"course": str},
    )
    LTI_NO_ROLE = "lti_no_role", N_("your role in the course of the learning platform gives you no place here")
    LTI_NOT_PUBLISHED = "lti_not_published", N_("“%(course)s” isn’t published yet"), {"course": str}
    LTI_SCORE_REFUSED = "lti_score_refused", N_("the platform doesn’t take it (status %(status)s)"), {"status": int}
    LTI_PLATFORM_AWAY = "lti_platform_away", N_("the platform can’t take it at the moment (%(said)s)"), {"said": str}
    LTI_ROSTER_UNREAD = "lti_roster_unread", N_("the list can’t be read (%(said)s)"), {"said": str}
    LTI_NO_ROSTER = (
        "lti_no_roster",
        N_("the platform offers no list of that course: open a link there once, and see whether the tool may read it"),
    )
    LTI_PLATFORM_THERE = "lti_platform_there", N_("is registered for this issuer already")
    LTI_ISSUER_STAYS = "lti_issuer_stays", N_("can’t change: register another platform")
    LTI_URL_UNFIT = "lti_url_unfit", N_("must be an address that begins with https://")
    LTI_ORIGIN_UNFIT = "lti_origin_unfit", N_("must be like https://moodle.example.org, without a path")
    LTI_TEXT_UNFIT = "lti_text_unfit", N_("must be one line of 1 to %(most)s characters"), {"most": int}
    LTI_DEPLOYMENTS_MISSING = "lti_deployments_missing", N_("must be 1 to %(most)s deployments"), {"most": int}

    # Why a value of a quiz, its attempts, regrades, grades and bank can't be used: what follows its field's name.
    ONE_OF = "one_of", N_("must be one of %(choices)s"), {"choices": str}
    TEXT_TOO_LONG = "text_too_long", N_("must be a text of at most %(most)s characters"), {"most": int}
    FILE_NAME_TOO_LONG = "file_name_too_long", N_("must have at most %(most)s characters"), {"most": int}
    WHY_BOUNDED = (
        "why_bounded",
        N_("must be a text of at most %(most)s characters: the students read it"),
        {"most": int},
    )
    LATE_ANSWERS_SEEN = (
        "late_answers_seen",
        N_("students whose time ended in the last 24 hours have seen what is right: accept late answers after that"),
    )
    DUE_BEFORE_OPENING = "due_before_opening", N_("must not be before opens_at")
    DUE_AFTER_CLOSING = "due_after_closing", N_("must not be after closes_at")
    NEEDS_DUE_AT = "needs_due_at", N_("needs a due_at")
    NEEDS_CLOSES_AT = "needs_closes_at", N_("needs a closes_at")
    STEP_NOT_LATER = "step_not_later", N_("must be more than %(hours)s, of the step before"), {"hours": int}
    STEP_WORTH_MORE = "step_worth_more", N_("must be at most %(percent)s, of the step before"), {"percent": int}
    REQUIREMENT_UNCLEAR = "requirement_unclear", N_("must name one of lesson, quiz and lab")
    PERCENT_WITHOUT_QUIZ = "percent_without_quiz", N_("has a percent, which belongs to a quiz")
    CHECK_WITHOUT_LAB = "check_without_lab", N_("has a check, which belongs to a lab")
    REQUIRES_ITSELF = "requires_itself", N_("names the quiz itself")
    REQUIRES_CIRCLE = "requires_circle", N_("closes a circle: %(circle)s"), {"circle": str}
    ACTIVITY_UNKNOWN = (
        "activity_unknown",
        N_("there is no %(kind)s %(slug)s in the course"),
        {"kind": str, "slug": str},
    )
    CHECK_UNKNOWN = (
        "check_unknown",
        N_("there is no check %(check)s in the lab %(lab)s"),
        {"check": str, "lab": str},
    )
    LAB_WITHOUT_CHECKS = "lab_without_checks", N_("there is no lab %(lab)s with checks in the course"), {"lab": str}
    PATH_UNKNOWN = "path_unknown", N_("there is no %(path)s in the course"), {"path": str}
    TIMES_TURNED_ROUND = "times_turned_round", N_("must be after opens_at")
    DUE_OUTSIDE = "due_outside", N_("must lie between opens_at and closes_at")
    FILE_NAME_MISSING = "file_name_missing", N_("is missing")
    FILE_EMPTY = "file_empty", N_("is empty")
    FILE_TOO_LARGE = "file_too_large", N_("must be at most %(most_mb)s MB"), {"most_mb": int}
    FILE_UNKNOWN = "file_unknown", N_("names a file that wasn't uploaded here")
    REVISION_TOO_LOW = "revision_too_low", N_("must be a whole number from 1")
    REVISION_TOO_HIGH = (
        "revision_too_high",
        N_("must be at most %(step)s more than the one that is kept, %(kept)s"),
        {"step": int, "kept": int},
    )
    ANSWER_OF_CHECK = "answer_of_check", N_("is given by the lab's check")
    PROGRAM_EMPTY = "program_empty", N_("holds nothing that could be run")
    TEXT_WITH_NUL = "text_with_nul", N_("must not contain NUL characters")
    PASSWORD_WRONG = "password_wrong", N_("isn't the password of this quiz")
    MARKS_MISSING = "marks_missing", N_("must be given, or items of the rubric")
    MARKS_OUTSIDE = "marks_outside", N_("must be from 0 to %(most)s"), {"most": str}
    MARKS_TOO_FINE = "marks_too_fine", N_("must have at most two decimals")
    RUBRIC_LACKS = "rubric_lacks", N_("has no item %(item)s in the rubric"), {"item": str}
    VERSION_NOT_LATER = (
        "version_not_later",
        N_("must be the number of a version that came after the one that was asked"),
    )
    VERSION_OF_OTHER_KIND = (
        "version_of_other_kind",
        N_("is of the kind %(kind)s; version %(number)s is %(other)s"),
        {"kind": str, "number": int, "other": str},
    )
    CHOICE_MOVED = (
        "choice_moved",
        N_("has “%(choice)s” in another place than version %(number)s; keep the order of what is chosen"),
        {"choice": str, "number": int},
    )
    ANSWER_MISSING = "answer_missing", N_("must be an answer")
    ATTEMPT_WITHOUT_ANSWER = (
        "attempt_without_answer",
        N_("must be an attempt at this quiz, handed in with an answer to the question"),
    )
    POINTS_OUTSIDE = "points_outside", N_("must be from 0.01 to %(most)s, with at most two decimals"), {"most": int}
    PERCENT_OUTSIDE = "percent_outside", N_("must be a number from 0 to 100, with two decimals at most")
    NOTE_MISSING = "note_missing", N_("Say why: the student reads it.")
    ORDER_UNKNOWN = (
        "order_unknown",
        N_("must be name, so_far, total, category: and its place, or item: and its slug"),
    )
    STATE_NOT_NEXT = (
        "state_not_next",
        N_("can't follow %(old)s; that goes on to %(following)s"),
        {"old": str, "following": str},
    )
    SLUG_TAKEN = "slug_taken", N_("%(slug)s is the slug of another question of this bank"), {"slug": str}
    # Why questions can't be moved in or out of a bank: of a file, and of a question in it.
    IMPORT_FORMAT_UNKNOWN = "import_format_unknown", N_("is of no format that can be read here")
    IMPORT_FORMAT_ONE_WAY = "import_format_one_way", N_("%(format)s can be written here, not read"), {"format": str}
    IMPORT_NOT_TEXT = (
        "import_not_text",
        N_("is no text: line %(line)s holds the character %(character)s"),
        {"line": int, "character": str},
    )
    IMPORT_ENCODING = "import_encoding", N_("can't be read as %(encoding)s"), {"encoding": str}
    IMPORT_XML = "import_xml", N_("isn't well-formed XML: %(said)s"), {"said": str}
    IMPORT_ENTITIES = "import_entities", N_("declares entities of its own, which aren't read")
    IMPORT_DEEP = "import_deep", N_("is nested over %(most)s deep"), {"most": int}
    IMPORT_ZIP = "import_zip", N_("isn't a sound zip archive: %(said)s"), {"said": str}
    IMPORT_ZIP_TOTAL = "import_zip_total", N_("unpacks to over %(most_mb)s MB"), {"most_mb": int}
    IMPORT_ZIP_FILE = "import_zip_file", N_("%(path)s is over %(most_mb)s MB"), {"path": str, "most_mb": int}
    IMPORT_ZIP_COUNT = "import_zip_count", N_("holds over %(most)s files"), {"most": int}
    IMPORT_ZIP_PATH = "import_zip_path", N_("holds a file outside of its folder: %(path)s"), {"path": str}
    IMPORT_ZIP_LINK = "import_zip_link", N_("holds a link: %(path)s"), {"path": str}
    IMPORT_ZIP_ENCRYPTED = "import_zip_encrypted", N_("is encrypted: %(path)s"), {"path": str}
    IMPORT_ZIP_TWICE = "import_zip_twice", N_("holds %(path)s twice"), {"path": str}
    IMPORT_TOO_MANY = "import_too_many", N_("holds over %(most)s questions"), {"most": int}
    IMPORT_NOTHING = "import_nothing", N_("holds no question")
    IMPORT_TABLE = "import_table", N_("isn't a sound table: %(said)s"), {"said": str}
    IMPORT_HEADER = "import_header", N_("has no column %(column)s in its first line"), {"column": str}
    IMPORT_APPLIED = "import_applied", N_("this file was imported already")
    IMPORT_STALE = (
        "import_stale",
        N_("the bank has changed since the preview; look at what the file brings now"),
    )
    IMPORT_TEXTS = "import_texts", N_("holds over %(most_mb)s MB of texts"), {"most_mb": int}
    MOVE_TOO_MANY = "move_too_many", N_("has %(many)s, of %(most)s at most"), {"many": int, "most": int}
    MOVE_TOO_LONG = "move_too_long", N_("is over %(most)s characters"), {"most": int}
    MOVE_NO_PLACE = "move_no_place", N_("there is no place for it: %(value)s"), {"value": str}
    MOVE_CHANGED = "move_changed", N_("%(value)s became %(now)s"), {"value": str, "now": str}
    MOVE_KIND_UNKNOWN = "move_kind_unknown", N_("there is no such kind of question: %(kind)s"), {"kind": str}
    MOVE_REFUSED = "move_refused", N_("the field %(field)s %(said)s"), {"field": str, "said": str}
    MOVE_UNREADABLE = "move_unreadable", N_("can't be read: %(said)s"), {"said": str}
    MOVE_TEXT_MISSING = "move_text_missing", N_("has no text")
    MOVE_ANSWER_MISSING = "move_answer_missing", N_("has no answer that is right")
    MOVE_FILE_MISSING = "move_file_missing", N_("there is no file %(path)s"), {"path": str}
    MOVE_FILE_KIND = "move_file_kind", N_("%(path)s is neither a picture nor a PDF"), {"path": str}
    MOVE_FILE_REFUSED = "move_file_refused", N_("the file %(path)s %(said)s"), {"path": str, "said": str}
    MOVE_ELSEWHERE = "move_elsewhere", N_("it stands on another site: %(address)s"), {"address": str}
    MOVE_ONE_LINE = "move_one_line", N_("became one line, without lists, tables and links")
    SCENARIO_IMAGE = (
        "scenario_image",
        N_("it ran on %(image)s there; here it gets a machine of the usual kind: its definition may name another"),
        {"image": str},
    )
    SCENARIO_MACHINES = "scenario_machines", N_("a lab has one machine here: %(value)s stays behind"), {"value": str}
    SCENARIO_SETUP = (
        "scenario_setup",
        N_("%(value)s sets the lab up now: it runs once, before the student comes, and not as root"),
        {"value": str},
    )
    SCENARIO_LATE_SCRIPT = (
        "scenario_late_script",
        N_("%(value)s runs there when a step begins: there is no such moment here, so it stays behind"),
        {"value": str},
    )
    SCENARIO_BUTTONS = (
        "scenario_buttons",
        N_("commands that a click ran or copied are read and typed here: %(count)s"),
        {"count": int},
    )
    SCENARIO_PORT = "scenario_port", N_("the link to port %(port)s became a web panel of the lab"), {"port": int}
    SCENARIO_LINK = (
        "scenario_link",
        N_("the link to %(address)s leads out of the lab, and became text"),
        {"address": str},
    )
    SCENARIO_ELSEWHERE = (
        "scenario_elsewhere",
        N_("%(path)s lay in %(target)s, outside of the home, and stays behind"),
        {"path": str, "target": str},
    )
    SCENARIO_TOO_LARGE = "scenario_too_large", N_("%(path)s is too large for a lab’s folder"), {"path": str}
    SCENARIO_TAKEN = (
        "scenario_taken",
        N_("the course has another activity called %(slug)s already"),
        {"slug": str},
    )
    SLOTS_MISSING = "slots_missing", N_("a quiz asks at least one question")
    SLOTS_TOO_MANY = "slots_too_many", N_("holds over %(most)s places"), {"most": int}
    SLOT_UNCLEAR = "slot_unclear", N_("must have a question_id or a tag")
    SLOT_FIXED = "slot_fixed", N_("has a question_id, so neither count nor difficulty")
    QUESTION_UNKNOWN = "question_unknown", N_("there is no such question in the course")
    QUESTION_TWICE = "question_twice", N_("is asked in another place already")
    SLOT_DRAWS_TOO_MANY = (
        "slot_draws_too_many",
        N_("draws %(count)s, but only %(left)s ready questions are left for it"),
        {"count": int, "left": int},
    )

    # Why a generation of questions ended as it did, or waits.
    MODEL_AWAY = "model_away", N_("the model’s server failed %(tries)s times"), {"tries": int}
    MODEL_REFUSES = "model_refuses", N_("the model’s server refuses the request (status %(status)s)"), {"status": int}
    MODEL_CALL_LOST = (
        "model_call_lost",
        N_("nobody knows what a call to the model brought: it counts as spent, and isn’t repeated by itself"),
    )
    MODEL_ANSWER_CUT = "model_answer_cut", N_("the model’s answer was cut off")
    MODEL_ANSWER_UNREADABLE = "model_answer_unreadable", N_("the model’s answer can’t be read")
    BUDGET_USED = "budget_used", N_("today’s budget of %(whose)s is used up"), {"whose": Term}
    LESSONS_GONE = "lessons_gone", N_("the lessons aren’t there any more, or hold no text")
    GENERATION_STOPPED = (
        "generation_stopped",
        N_("the site stopped %(tries)s times over it"),
        {"tries": int},
    )

    # What the checks found about a question that a model wrote.
    DRAFT_SHAPE = "draft_shape", N_("the model left out or invented something at %(field)s"), {"field": str}
    DRAFT_KIND = "draft_kind", N_("the model wrote another kind than it was asked for (%(kind)s)"), {"kind": str}
    DRAFT_FIELDS = "draft_fields", N_("%(field)s: %(said)s"), {"field": str, "said": str}
    DRAFT_NOT_CITED = "draft_not_cited", N_("what it cites isn’t in the lesson: “%(quote)s”"), {"quote": str}
    DRAFT_POINTS_AWAY = "draft_points_away", N_("it holds a link, a picture, HTML or invisible signs")
    DRAFT_ALL_RIGHT = "draft_all_right", N_("all its choices are right")
    DRAFT_KEY_COMPUTED = "draft_key_computed", N_("its key was computed anew: %(made)s"), {"made": str}
    DRAFT_KEY_DIFFERS = (
        "draft_key_differs",
        N_("its key is %(key)s, but its own working makes %(made)s"),
        {"key": str, "made": str},
    )
    DRAFT_KEY_UNCOMPUTED = "draft_key_uncomputed", N_("its key can’t be computed")
    DRAFT_ALIKE = "draft_alike", N_("it is %(percent)s %% like %(slug)s"), {"percent": int, "slug": str}
    DRAFT_SECOND_AGREES = "draft_second_agrees", N_("a second reader without the key answered the same")
    DRAFT_SECOND_DIFFERS = (
        "draft_second_differs",
        N_("a second reader without the key answered: %(answer)s"),
        {"answer": str},
    )
    DRAFT_SECOND_HAD_NONE = "draft_second_had_none", N_("a second reader without the key found no right answer")
    DRAFT_ARGUABLE = (
        "draft_arguable",
        N_("“%(choice)s” may be right by another reading: %(said)s"),
        {"choice": str, "said": str},
    )
    DRAFT_UNCHECKED = "draft_unchecked", N_("no second reader answered it")
    DRAFT_NOT_REWRITTEN = "draft_not_rewritten", N_("it wasn’t written again: %(reason)s"), {"reason": Nested}

    # Why questions can't be asked for.
    GENERATION_OFF = "generation_off", N_("A teacher of the course has to allow it first.")
    DRAFT_LAB_MISSING = "draft_lab_missing", N_("must be a lab of the course, in which programs are run")
    DRAFT_RUN_PASSED = (
        "draft_run_passed",
        N_("a lab ran its answer, which passes all tests: %(count)s"),
        {"count": int},
    )
    DRAFT_RUN_FAILED = (
        "draft_run_failed",
        N_("a lab ran its answer, and test %(number)s printed something else: %(printed)s"),
        {"number": int, "printed": str},
    )
    DRAFT_RUN_NOT = "draft_run_not", N_("its answer couldn’t be run in a lab: %(reason)s"), {"reason": Nested}
    AID_OFF = "aid_off", N_("A teacher of the course has to turn it on first.")
    AID_NO_CONSENT = "aid_no_consent", N_("The student doesn’t let the model read what they wrote.")
    AID_NO_TEXT = "aid_no_text", N_("There is no written answer to comment on.")
    AID_NOT_FAILED = "aid_not_failed", N_("This check hasn’t failed: there is nothing to give a hint for.")
    AID_NAMES_GRADE = "aid_names_grade", N_("it seems to name a grade, which is yours alone to give")
    MODEL_UNSET = "model_unset", N_("This site has no key to a model: its operator sets MISTRAL_API_KEY.")
    LESSON_UNKNOWN = "lesson_unknown", N_("there is no lesson %(slug)s in the course"), {"slug": str}
    LESSONS_TOO_LONG = (
        "lessons_too_long",
        N_("have %(count)s characters together, and %(most)s are the most"),
        {"count": int, "most": int},
    )
    LANGUAGE_UNKNOWN = "language_unknown", N_("must be a language such as en, fr or pt-BR")
    REASON_MISSING = "reason_missing", N_("must say why")
    ERASURE_LAST_ADMIN = "erasure_last_admin", N_("nobody else runs the site: make somebody else an admin first")
    ERASURE_ONLY_TEACHER = (
        "erasure_only_teacher",
        N_("nobody else teaches the course %(slug)s: make somebody else its teacher first"),
        {"slug": str},
    )
    ERASURE_NOT_WAITING = "erasure_not_waiting", N_("no erasure waits that could be called off")
    ERASURE_DONE = "erasure_done", N_("the account is erased already")
    CERTIFICATE_REVOKED = "certificate_revoked", N_("the certificate is revoked already")
    CERTIFICATE_NOT_NEWEST = "certificate_not_newest", N_("there is a newer certificate of this person")
    NOTHING_MISSING = "nothing_missing", N_("There is nothing left to ask for.")
    DRAFT_NOT_OPEN = "draft_not_open", N_("Somebody has decided about this question already, or it is being written.")
    GENERATION_NOT_OVER = "generation_not_over", N_("It is still being worked on.")

    # Why a value can't be read, whatever it is of: what follows its field's name.
    MOMENT_UNREADABLE = "moment_unreadable", N_("must be a time with its offset, such as %(example)s"), {"example": str}
    YEAR_OUTSIDE = "year_outside", N_("must lie between %(first)s and %(last)s"), {"first": int, "last": int}
    LINE_WANTED = "line_wanted", N_("must be a single line without spaces around it")
    WHOLE_NUMBER = "whole_number", N_("must be a whole number")
    NUMBER_TOO_LOW = "number_too_low", N_("must be at least %(least)s"), {"least": int}
    NUMBER_TOO_HIGH = "number_too_high", N_("must be at most %(most)s"), {"most": int}
    LIST_WANTED = "list_wanted", N_("must be a list")
    LIST_TOO_LONG = "list_too_long", N_("lists over %(most)s entries"), {"most": int}
    SLUG_UNREADABLE = "slug_unreadable", N_("must be a slug: a-z, 0-9 and single hyphens")
    VALUE_MISSING = "value_missing", N_("is missing")
    FIELD_UNKNOWN = "field_unknown", N_("isn’t a field here")
    OBJECT_WANTED = "object_wanted", N_("must be an object")
    TEXT_WANTED = "text_wanted", N_("must be a text")
    TEXT_NOT_UNICODE = "text_not_unicode", N_("must be a text of Unicode")

    # Why an answer can't be one to a question of its type.
    ANSWER_TOO_LONG = "answer_too_long", N_("must be at most %(most)s characters"), {"most": int}
    PARTS_UNKNOWN = "parts_unknown", N_("must have no other parts than %(known)s"), {"known": str}
    CHOICE_UNKNOWN = "choice_unknown", N_("must be the id of one of the choices")
    CHOICES_UNKNOWN = "choices_unknown", N_("must be a list of ids of the choices")
    NEITHER_TRUE_NOR_FALSE = "neither_true_nor_false", N_("must be true or false")
    RIGHT_SIDE_UNKNOWN = "right_side_unknown", N_("must name what is on the right by its id")
    THINGS_UNKNOWN = "things_unknown", N_("must be a list of ids of the things to put into order")
    THINGS_NOT_ONCE = "things_not_once", N_("must name each thing once")
    PLACE_OUTSIDE = "place_outside", N_("must be numbers from 0 to 100")
    FILES_TOO_MANY = "files_too_many", N_("must be a list of at most %(most)s files"), {"most": int}
    FILE_TWICE = "file_twice", N_("names a file twice")
    FILE_UNCLEAR = "file_unclear", N_("must hold files with id, name and size")
    FILE_ID_UNREADABLE = "file_id_unreadable", N_("names a file by what is no number of one")
    FILE_NAME_UNREADABLE = "file_name_unreadable", N_("holds a file with a name that can’t be one")
    FILE_SIZE_UNREADABLE = "file_size_unreadable", N_("holds a file with a size that can’t be one")
    FILE_ENDING_NOT_TAKEN = "file_ending_not_taken", N_("must be one of: %(endings)s"), {"endings": str}
    FILE_OF_OTHER_KIND = (
        "file_of_other_kind",
        N_("isn’t what its name says: a file of the kind %(ending)s"),
        {"ending": str},
    )
