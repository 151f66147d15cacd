"""Why a query has no answer, in the two kinds that Prometheus tells apart."""


class QueryProblem(Exception):
    """`kind` is the errorType of the answer, `status` its HTTP code."""

    kind, status = "internal", 500


class BadQuery(QueryProblem):
    """The query, or a parameter, is wrong or is not supported: the same query will never be answered."""

    kind, status = "bad_data", 400


class ExecutionFailed(QueryProblem):
    """The data do not allow an answer, such as two series where one is needed."""

    kind, status = "execution", 422
