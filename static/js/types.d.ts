// The shapes that travel between the site and its pages' scripts.
import type { FitAddon } from "@xterm/addon-fit";
import type { Unicode11Addon } from "@xterm/addon-unicode11";
import type { WebLinksAddon } from "@xterm/addon-web-links";
import type { Terminal } from "@xterm/xterm";

declare global {
  interface Window {
    // What static/vendor/ brings; there once terminal-parts.js has loaded it.
    Terminal: typeof Terminal;
    FitAddon: { FitAddon: typeof FitAddon };
    Unicode11Addon: { Unicode11Addon: typeof Unicode11Addon };
    WebLinksAddon: { WebLinksAddon: typeof WebLinksAddon };
  }
}

export type Tone = "" | "good" | "warn" | "bad";

/** The lab's state document: services/labs/document.py. Times are ISO 8601. */
export interface LabDocument {
  id: string;
  state: "queued" | "starting" | "running" | "stopping" | "ended";
  reason: string | null;
  detail: string;
  detail_reason: Reason | null;
  is_resetting: boolean;
  position: number | null;
  queue_length: number | null;
  wait_s: Wait | null;
  waiting_for: string;
  waiting_for_reason: Reason | null;
  waiting_full: (Record<string, unknown> & { kind: string }) | null;
  started_at: string | null;
  expires_at: string | null;
  idle_stop_at: string | null;
  warning: { kind: "idle" | "age"; at: string; is_last: boolean } | null;
  can_extend: boolean;
  checks: Check[];
  steps: Step[];
  saved_at: string | null;
  save_error: string;
  save_error_reason: Reason | null;
  save: Save | null;
  visitors: Visitor[];
  hand: { raised_at: string; note: string } | null;
  messages: { last: number; unread: number };
}

/** A reason with its text, in the reader's language. */
export interface Reason {
  code: string;
  params: Record<string, unknown>;
  text: string;
}

/** How long a lab is likely to wait for its machine, and at the latest, in seconds. */
export interface Wait {
  likely: number;
  latest: number;
}

/** A check: `state` is that of its newest run on this machine, `is_passed` whether it ever passed. */
export interface Check {
  id: number;
  step_id: number;
  state: "idle" | "queued" | "running" | "passed" | "failed" | "error";
  is_passed: boolean;
  failures: number;
  points: number;
  output: string;
  reason: Reason | null;
  hint_html: string | null;
}

/** A step of the lab: how many of its checks are passed, and its solution where the student may read it. */
export interface Step {
  id: number;
  is_passed: boolean;
  passed: number;
  total: number;
  has_solution: boolean;
  solution_html: string | null;
  can_ask: boolean;
}

/** The receipt of a save; `size` in bytes. */
export interface Save {
  save_id: number;
  saved_at: string;
  files: number;
  size: number;
  skipped: number;
  sha256: string;
}

/** Who looks into the lab. */
export interface Visitor {
  id: number;
  name: string;
  is_me: boolean;
  has_asked: boolean;
  is_driving: boolean;
}

export interface Message {
  id: number;
  name: string;
  text: string;
  sent_at: string;
  is_mine: boolean;
  is_staff: boolean;
}

/** A file of a lab's folder. `path` is the gateway's token for it; `name` is to be looked at only. */
export interface FileEntry {
  name: string;
  path: string;
  kind: "file" | "folder" | "other";
  is_link: boolean;
  size: number;
  modified_at: number;
}

export interface Folder {
  path: { name: string; path: string }[];
  entries: FileEntry[];
  is_partial: boolean;
}

/** An answer to a question: text, the value of a choice, or those of several. */
export type Answer = string | Answer[] | { [part: string]: Answer } | null;

/** What a question's type may do in its own way: question_types/<type>/item.js exports it. `box` is the question. */
export interface QuestionScript {
  /** Is called once, before anything else. `changed` says that a person has changed the answer. */
  setUp?(box: HTMLElement, changed: () => void): void;
  read?(box: HTMLElement): Answer;
  write?(box: HTMLElement, answer: Answer): void;
  focus?(box: HTMLElement): void;
  wordsOf?(box: HTMLElement, answer: Answer): string;
  /** The site gives the answer: the page shows it, and sends none. */
  isGivenBySite?: boolean;
}

/** What was typed into a question, as the browser keeps it until the site has it. `title` is the quiz', for lists. */
export interface Edit {
  title?: string;
  attempt: number;
  position: number;
  tab: string;
  revision: number;
  response: Answer;
  typed_at: string;
}

/** An edit in the outbox; `key` names its person, attempt, question and tab. */
export interface KeptEdit {
  key: string;
  person: string;
  edit: Edit;
}

/** How well an answer is kept: by the database on the disk, by the browser's simpler store, or by the page alone. */
export type Safety = "disk" | "browser" | "nowhere";

/** An answer that lost against a later one. */
export interface Earlier {
  response: Answer;
  typed_at: string;
}

/** What an attempt has saved of a question. */
export interface SavedAnswer {
  position: number;
  revision: number;
  response: Answer;
}

/** What the site says of an attempt: blueprints/quizzes/views.py. */
export interface AttemptDocument {
  now: string;
  state: "open" | "closed";
  closed_by: ClosedBy | null;
  deadline_at: string | null;
  is_on_break: boolean;
  saved: number;
  live: string;
  items: (SavedAnswer & { earlier: Earlier[]; hints: number; trial: string | null })[];
}

/** A program that was run before it is handed in, as the attempt's page shows it: blueprints/quizzes/trials.py. */
export interface TrialDocument {
  is_open: boolean;
  says: string;
  input: string | null;
  html: string;
}

/** The hints of a question that were taken, as the attempt's page shows them: blueprints/quizzes/hints.py. */
export interface HintsDocument {
  count: number;
  html: string;
}

export type ClosedBy = "student" | "deadline";

/** What became of an edit that was sent, with the body of the site's answer. */
export type Sent =
  | { outcome: "saved"; body: Receipt; wait: number }
  | { outcome: "lost"; body: SavedAnswer; wait: number }
  | { outcome: "over"; body: { closed_by: ClosedBy; is_kept_as_late: boolean }; wait: number }
  | { outcome: Unsaved; body: { detail?: string }; wait: number };

export type Unsaved = "refused" | "forbidden" | "failed";

/** `read_as` is how a number is read: "" where it is none, null where it isn't one that is asked for. */
export interface Receipt {
  revision: number;
  saved: number;
  saved_at: string;
  read_as: string | null;
}

/** What tabs of one browser tell each other of an attempt. */
export type TabMessage =
  | ({ kind: "saved" } & SavedAnswer)
  | { kind: "hint" }
  | { kind: "over"; by: ClosedBy };
