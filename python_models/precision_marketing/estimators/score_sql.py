"""A score as one SQL expression, where the estimator is a line or a small tree.

Written in the words that DuckDB and Spark share, so that a reviewer can read a score
and an engine can compute it without Python.
"""

import re
from dataclasses import dataclass

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from precision_marketing.estimators.families import CalibratedAverage, log_odds, signed_log

# Nobody reads a tree of more leaves.
MOST_LEAVES = 64


class UntoldError(Exception):
    """A step of an estimator has no SQL here."""


@dataclass(frozen=True)
class _Column:
    """One column that a preprocessor makes.

    A number is ``(sql - mean) / scale``; a text is 1 where ``sql`` is among ``texts``,
    or, for the rest that share a column, where it is not.
    """

    sql: str
    mean: float = 0.0
    scale: float = 1.0
    texts: tuple[str, ...] | None = None
    is_rest: bool = False


def score_expression(estimator: CalibratedAverage, feature_names: list[str]) -> str | None:
    """Write the score as an expression over the columns of a panel.

    Parameters
    ----------
    estimator : CalibratedAverage
        Fitted.
    feature_names : list of str
        Columns that it was fitted on.

    Returns
    -------
    str or None
        For ``select <expression> as score from <panel>``: a double, equal to
        ``predict_proba`` but for the rounding of sums. What is missing is null. None
        where a member is neither linear nor a tree of at most `MOST_LEAVES` leaves,
        or where a step or the name of a column has no SQL here.
    """
    if not all(re.fullmatch("[a-z_][a-z0-9_]*", name) for name in feature_names):
        return None
    parts = zip(estimator.members, estimator.slopes, estimator.intercepts, strict=True)
    try:
        terms = [_probability(*part) for part in parts]
    except UntoldError:
        return None
    return terms[0] if len(terms) == 1 else f"({' + '.join(terms)}) / {len(terms)}"


def _probability(member: Pipeline, slope: float, intercept: float) -> str:
    columns, last = _columns(member.steps[0][1]), member.steps[-1][1]
    if len(member.steps) != 2:
        raise UntoldError
    if isinstance(last, LogisticRegression):
        linear = _line(last, columns)
    elif isinstance(last, DecisionTreeClassifier) and last.get_n_leaves() <= MOST_LEAVES:
        linear = _branch(last, columns, 0)
    else:
        raise UntoldError
    low, high = map(_number, log_odds(np.array([0.0, 1.0])))
    inner = f"least(greatest({linear}, {low}), {high})"
    return f"1 / (1 + exp(-({_number(slope)} * {inner} + {_number(intercept)})))"


def _columns(preprocessor: object) -> list[_Column]:
    if not isinstance(preprocessor, ColumnTransformer):
        raise UntoldError
    columns: list[_Column] = []
    for _, step, names in preprocessor.transformers_:
        if len(names) == 0 or (isinstance(step, str) and step == "drop"):
            continue
        if isinstance(step, OneHotEncoder):
            columns += _texts(step, names)
        elif isinstance(step, Pipeline):
            own = [_Column(f"cast({name} as double)") for name in names]
            for _, part in step.steps:
                own = _numbers(part, own)
            columns += own
        else:
            raise UntoldError
    return columns


def _numbers(step: object, columns: list[_Column]) -> list[_Column]:
    plain = [column.sql for column in columns]
    if any(column.mean or column.scale != 1 for column in columns):
        raise UntoldError
    if isinstance(step, SimpleImputer) and step.keep_empty_features:
        fills = np.nan_to_num(step.statistics_.astype(float))
        return [_Column(f"coalesce({sql}, {_number(fill)})") for sql, fill in zip(plain, fills, strict=True)]
    if isinstance(step, FunctionTransformer) and step.func is signed_log:
        return [_Column(f"sign({sql}) * ln(1 + abs({sql}))") for sql in plain]
    if isinstance(step, StandardScaler) and step.with_mean and step.with_std:
        return [
            _Column(sql, float(mean), float(scale))
            for sql, mean, scale in zip(plain, step.mean_, step.scale_, strict=True)
        ]
    raise UntoldError


def _texts(step: OneHotEncoder, names: list[str]) -> list[_Column]:
    if step.handle_unknown != "infrequent_if_exist" or step.drop is not None:
        raise UntoldError
    columns = []
    rare = getattr(step, "infrequent_categories_", [None] * len(names))
    for name, known, few in zip(names, step.categories_, rare, strict=True):
        sql = f"coalesce(cast({name} as string), 'missing')"
        deduplicated = () if few is None else tuple(few)
        frequent = tuple(str(text) for text in known if text not in deduplicated)
        columns += [_Column(sql, texts=(text,)) for text in frequent]
        if deduplicated:
            columns.append(_Column(sql, texts=frequent, is_rest=True))
    return columns


def _line(last: LogisticRegression, columns: list[_Column]) -> str:
    start, terms = float(last.intercept_[0]), []
    cases: dict[str, tuple[list[str], float]] = {}
    for column, weight in zip(columns, last.coef_[0], strict=True):
        if column.texts is None:
            start -= weight * column.mean / column.scale
            terms.append(f"{_number(weight / column.scale)} * {column.sql}")
            continue
        branches, _ = cases.setdefault(column.sql, ([], 0.0))
        if column.is_rest:
            cases[column.sql] = (branches, weight)
        else:
            branches.append(f"when {_text(column.texts[0])} then {_number(weight)}")
    for sql, (branches, rest) in cases.items():
        if branches:
            terms.append(f"case {sql} {' '.join(branches)} else {_number(rest)} end")
        else:
            terms.append(_number(rest))
    return "\n+ ".join([_number(start), *terms])


def _branch(last: DecisionTreeClassifier, columns: list[_Column], node: int) -> str:
    tree = last.tree_
    if tree.children_left[node] < 0:
        counts = tree.value[node, 0]
        return _number(log_odds(counts[1] / counts.sum()))
    column = columns[tree.feature[node]]
    if column.texts is None:
        # compared in single precision, as scikit-learn does
        value = f"({column.sql} - {_number(column.mean)}) / {_number(column.scale)}"
        test = f"cast({value} as float) <= {_number(tree.threshold[node])}"
    else:
        # 0 or 1 against a threshold between: left are the rows that are not of the text
        listed = ", ".join(map(_text, column.texts)) or "null"
        test = f"{column.sql} {'' if column.is_rest else 'not '}in ({listed})"
    left = _branch(last, columns, tree.children_left[node])
    right = _branch(last, columns, tree.children_right[node])
    return f"case when {test}\nthen {left}\nelse {right} end"


def _number(value: float) -> str:
    """Write a double: without an exponent, engines read an exact decimal."""
    text = repr(float(value))
    return text if "e" in text else f"{text}e0"


def _text(value: str) -> str:
    escaped = value.replace("'", "''")
    return f"'{escaped}'"
