"""The JSON API of trials: a program is run in an attempt before it is handed in."""

from typing import Any

from apiflask import APIBlueprint

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.quizzes import trials
from blueprints.quizzes.schemas_trials import TrialIn, TrialOut
from blueprints.schemas import responses

quiz_trials_api = APIBlueprint("quiz_trials_api", __name__, tag="Quizzes")
TRIAL = "/attempts/<int:attempt_id>/items/<int:position>/trial"


@quiz_trials_api.post(TRIAL)
@quiz_trials_api.auth_required(auth)
@quiz_trials_api.input(TrialIn)
@quiz_trials_api.output(TrialOut, status_code=202)
@quiz_trials_api.doc(summary="Run a program", responses=responses(403, 404, 409, 422))
@scope("attempts:write")
def run_trial(attempt_id: int, position: int, json_data: TrialIn) -> Any:
    """Run a program in a lab's machine, as the question's author allows it. It is no answer. It takes the place of the
    trial before; 409 while that one runs, in a break, once the attempt is over, and where there are no labs."""
    access.answerable_attempt(attempt_id, me())
    return trials.asked(attempt_id, position, json_data.response, json_data.input, me())


@quiz_trials_api.get(TRIAL)
@quiz_trials_api.auth_required(auth)
@quiz_trials_api.output(TrialOut)
@quiz_trials_api.doc(summary="Read the newest trial of a program", responses=responses(403, 404))
@scope("attempts:read")
def read_trial(attempt_id: int, position: int) -> Any:
    """Give how the newest trial of a question stands; 404 where there was none."""
    return trials.found(attempt_id, position, me())
