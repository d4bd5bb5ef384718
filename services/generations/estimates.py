"""What a request to the model is likely to cost, and what it may cost at most.

Nobody but the server counts tokens. A token is some four characters of a European language, and never less than a
byte, so a reservation that counts bytes is never too small.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.generations import answers, prompts
from services.generations.contract import Ask
from services.generations.material import Material
from services.generations.terms import Budget, Terms

BYTES_A_TOKEN = 3.5
# What the server puts around messages.
FRAME_TOKENS = 200
# What a question takes, usually and at most; and the answer of the second reader to one.
QUESTION_TOKENS, MOST_QUESTION_TOKENS = 350, 900
SECOND_TOKENS, MOST_SECOND_TOKENS = 60, 300


@dataclass(frozen=True)
class Estimate:
    """What a request is likely to use, and what it may use at most."""

    likely: Budget
    most: Budget


def of_ask(ask: Ask, terms: Terms) -> Budget:
    """Return what a call may use at most."""
    schema = json.dumps(ask.shape.model_json_schema())
    # The SDK's strict form of it names a little more.
    size = sum(len(message["content"].encode()) for message in ask.messages) + 2 * len(schema)
    tokens_in = size + FRAME_TOKENS
    return Budget(tokens_in + ask.most_tokens, terms.cost(tokens_in, ask.most_tokens))


def of_request(materials: Sequence[Material], kinds: Sequence[str], count: int, terms: Terms) -> Estimate:
    """Return what questions of a course's lessons are likely to cost, with the second reader, and at most."""
    lessons = sum(len(f"{material.title}{material.text}".encode()) for material in materials)
    rules = len(json.dumps(answers.questions_shape(kinds).model_json_schema())) + 3000
    calls = math.ceil(count / answers.BATCH) * (2 if any(kind in prompts.CHOICES for kind in kinds) else 1)
    read, written = lessons + rules, count * (QUESTION_TOKENS + SECOND_TOKENS)
    tokens_in = math.ceil(calls * read / BYTES_A_TOKEN) + FRAME_TOKENS * calls
    most_in = calls * (lessons + 2 * rules + FRAME_TOKENS + 4 * answers.BATCH * MOST_QUESTION_TOKENS)
    most_out = count * (MOST_QUESTION_TOKENS + MOST_SECOND_TOKENS)
    return Estimate(
        Budget(tokens_in + written, terms.cost(tokens_in, written)),
        Budget(most_in + most_out, terms.cost(most_in, most_out)),
    )
