"""Asks whether a lab's programs wait for a processor: on a full machine they hardly get any of its time.

Their measured use then looks like rest, and a compile or a training run would be taken for idle. So labs that are about
to be warned or stopped are asked. Only these are: each question keeps its lab busy for some seconds.
"""

from concurrent.futures import ThreadPoolExecutor

from backends import Backend, BackendError

AT_ONCE = 16
TIMEOUT_S = 30.0
WAITS = b"waits"
# Programs of the student's that run or could (state R, proc_pid_stat(5)) at most of five looks. The looking itself
# starts nothing but `sleep`, which is over by then.
SCRIPT = """\
times=0
for look in 1 2 3 4 5; do
  sleep 1
  for file in /proc/[0-9]*/task/[0-9]*/stat; do
    [ -O "$file" ] || continue
    case $file in /proc/$$/*) continue ;; esac
    read -r line 2>/dev/null < "$file" || continue
    case ${line##*) } in R*) times=$((times + 1)); break ;; esac
  done
done
[ "$times" -lt 3 ] || printf waits
"""


def waiting(backend: Backend, job_ids: list[str]) -> set[str]:
    """Return those of the labs whose programs want a processor most of the time; not those that can't be asked."""
    if not job_ids:
        return set()

    def is_waiting(job_id: str) -> bool:
        try:
            result = backend.execute(job_id, SCRIPT, timeout_s=TIMEOUT_S, output_limit=100)
        except (BackendError, OSError):
            return False
        return result.output == WAITS

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(is_waiting, job_ids))
    return {job_id for job_id, waits in zip(job_ids, answers, strict=True) if waits}
