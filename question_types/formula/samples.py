"""Samples of formulas."""

from question_types.samples import Samples

A = {"from": 1, "to": 9}
SAMPLES = Samples(
    raw={"parameters": {"a": {"values": [3]}, "b": {"values": [4]}}, "answer": "sqrt(a^2 + b^2)", "unit": "cm"},
    more=[
        {"parameters": {"a": {"from": 0.5, "to": 2, "step": 0.25}}, "answer": "2 * pi * a", "tolerance": 0.01},
        {"parameters": {"a": A, "n": {"values": [1, 2.5]}}, "answer": "a / n", "tolerance_percent": 0},
    ],
    right="5",
    wrong="7",
    secrets=("sqrt",),
    bad_raw=[
        ({"parameters": {"a": {"from": 1, "to": 2}}, "answer": "a+\ud800"}, "answer"),
        ({}, "parameters"),
        ({"parameters": {}, "answer": "1"}, "parameters"),
        ({"parameters": {"a": A}}, "answer"),
        ({"parameters": {"a": A}, "answer": "a +"}, "answer"),
        ({"parameters": {"a": A}, "answer": "b"}, "answer"),
        ({"parameters": {"a": A}, "answer": "1 / (a - 3)"}, "answer"),
        ({"parameters": {"a": A}, "answer": "a ^ a ^ a ^ a"}, "answer"),
        ({"parameters": {"a": A}, "answer": "9**9**9**9"}, "answer"),
        ({"parameters": {"a": A}, "answer": "'x' * 999999999"}, "answer"),
        ({"parameters": {"a": A}, "answer": "[1] * 3"}, "answer"),
        ({"parameters": {"a": A}, "answer": "__import__('os').getpid()"}, "answer"),
        ({"parameters": {"a": A}, "answer": "a.real"}, "answer"),
        ({"parameters": {"a": A}, "answer": "a == 1"}, "answer"),
        ({"parameters": {"a": A}, "answer": "x = a + 1"}, "answer"),
        ({"parameters": {"a": A}, "answer": "a; 2"}, "answer"),
        ({"parameters": {"a": A}, "answer": "(" * 150 + "a" + ")" * 150}, "answer"),
        ({"parameters": {"pi": A}, "answer": "pi"}, "parameters.pi"),
        ({"parameters": {"a": 3}, "answer": "a"}, "parameters.a"),
        ({"parameters": {"a": {"from": 2, "to": 1}}, "answer": "a"}, "parameters.a.to"),
        ({"parameters": {"a": {"from": 1}}, "answer": "a"}, "parameters.a.to"),
        ({"parameters": {"a": {"from": 0, "to": 1, "step": 0}}, "answer": "a"}, "parameters.a.step"),
        ({"parameters": {"a": {"from": 0, "to": 1, "step": 1e-9}}, "answer": "a"}, "parameters.a.step"),
        ({"parameters": {"a": {"values": []}}, "answer": "a"}, "parameters.a.values"),
        ({"parameters": {"a": {"values": ["x"]}}, "answer": "a"}, "parameters.a.values[1]"),
        ({"parameters": {"a": A}, "answer": "a", "tolerance": -1}, "tolerance"),
        ({"parameters": {"a": A}, "answer": "a", "tolerance": 1, "tolerance_percent": 1}, "tolerance_percent"),
    ],
    bad_responses=[True, "9" * 41, {}, ["1"], "1\x00"],
)
