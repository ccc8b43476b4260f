"""Executes documents within the limits of what one request may cost."""

from typing import Any

from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental

from graph.context import Context


class CountingExecutor(ExecutorThrowingOnIncremental):
    """Counts every object that is answered; the one too many fails, and all that follow."""

    def collect_and_execute_subfields(self, *given: Any) -> Any:  # noqa: ANN401 - as its base
        """The fields of one object."""
        context: Context = self.context_value
        context.objects.add()
        return super().collect_and_execute_subfields(*given)
