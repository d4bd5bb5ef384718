"""Formulas of Moodle's calculated questions <-> formulas of ours: other names for the same arithmetic.

Both are parsed as expressions and written anew, so that a power keeps its brackets. What they compute is checked by the
question's type.
"""

import ast
import re

# How Moodle, which is PHP, calls functions that are called otherwise here.
_THEIRS = {"radians": "deg2rad", "degrees": "rad2deg"}
_OURS = {theirs: ours for ours, theirs in _THEIRS.items()}


def of_moodle(formula: str) -> str:
    """Return a formula of Moodle as one of ours; raise ValueError for what is none."""
    plain = re.sub(r"\{([A-Za-z]\w*)\}", r"\1", formula.strip().lstrip("="))
    tree = _Ours().visit(_parsed(plain))
    return ast.unparse(tree).replace("**", "^")


def to_moodle(formula: str, names: set[str]) -> str:
    """Return one of ours as Moodle has it, with its wildcards in braces; raise ValueError for what is none."""
    tree = _Theirs(names).visit(_parsed(formula.replace("^", "**")))
    return re.sub(r"_wild_(\w+?)_end_", r"{\1}", ast.unparse(tree))


def _parsed(text: str) -> ast.AST:
    if len(text) > 500:
        raise ValueError("is over 500 characters")
    try:
        return ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(text[:100]) from error


class _Ours(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:  # its name there
        self.generic_visit(node)
        name = node.func.id.lower() if isinstance(node.func, ast.Name) else ""
        if name == "pi" and not node.args:
            return ast.Name("pi")
        if name == "pow" and len(node.args) == 2:
            return ast.BinOp(node.args[0], ast.Pow(), node.args[1])
        if name == "fmod" and len(node.args) == 2:
            return ast.BinOp(node.args[0], ast.Mod(), node.args[1])
        node.func = ast.Name(_OURS.get(name, name))
        return node


class _Theirs(ast.NodeTransformer):
    def __init__(self, names: set[str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self.names:
            return ast.Name(f"_wild_{node.id}_end_")
        if node.id == "pi":
            return ast.Call(ast.Name("pi"), [], [])
        return ast.Call(ast.Name("exp"), [ast.Constant(1)], []) if node.id == "e" else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        node.args = [self.visit(each) for each in node.args]
        if isinstance(node.func, ast.Name):
            node.func = ast.Name(_THEIRS.get(node.func.id, node.func.id))
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        called = "pow" if isinstance(node.op, ast.Pow) else "fmod" if isinstance(node.op, ast.Mod) else ""
        return ast.Call(ast.Name(called), [node.left, node.right], []) if called else node
