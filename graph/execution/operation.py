"""One request from its document to its answer: decide, read, reveal."""

import asyncio
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from graphql import (
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    execute,
)
from graphql.execution.values import VariableValues, get_variable_values

from connectors.runtime.budget import Budget
from graph.context import Context
from graph.errors import (
    BadInput,
    Forbidden,
    GatewayError,
    LimitExceeded,
)
from graph.execution.answers import answer_of, refused, refused_by
from graph.execution.cost import check_values
from graph.execution.documents import Document, without_values
from graph.execution.executor import CountingExecutor
from graph.execution.limits import Objects
from graph.execution.request import Answer, Request
from graph.execution.watermark import Watermark
from graph.inputs import FILTERING, InputCheck
from graph.live import LiveReads
from graph.loaders import ProfileLoader
from graph.model.custom_field import FieldDefinition
from graph.model.errors import ModelError
from graph.plan import OPEN_TO_ALL, plan_document, root_fields
from graph.recorder import Recorder
from graph.schema import TenantSchema
from graph.standings import Standings
from graph.timeline import TimelineLoader
from graph.views import View, Views
from graph.visible import VisibleSchema
from graph.wiring import Wiring
from policies.asking import Asking, asking_of, decide_purpose
from policies.decision import Action, Effect
from policies.plan import decide_operation
from policies.principal import Principal
from policies.standing import Purpose, Relation, Standing

_MAX_COERCION_ERRORS = 5


@dataclass(frozen=True, slots=True)
class _Run:
    """One operation that is carried out: who asks, and what it shares."""

    asking: Asking
    wiring: Wiring
    recorder: Recorder
    live: Callable[[Iterable[FieldDefinition]], LiveReads]


async def answer(
    request: Request, schema: TenantSchema, principal: Principal, wiring: Wiring
) -> Answer:
    """What this principal gets for this request; never raises for anything a client can send."""
    limits = schema.documents.limits
    try:
        asking = await _asking(request, principal, wiring)
        visible = schema.visible(asking)
        document = visible.documents.get(request.query)
        if document.errors:
            return refused_by(document.errors)
        check_values(request.variables, limits)
        operation = document.operation(request.operation_name)
        if request.is_read_only and operation.operation is not OperationType.QUERY:
            return replace(refused(BadInput("Only queries can be sent by GET.")), is_misplaced=True)
        variables = _variables(visible, operation, request)
        assert document.cost is not None  # noqa: S101 - a document without errors has its cost
        document.cost.check(operation, variables.coerced, limits)
        _authorise(visible, operation, document, variables, asking)
        run = _run_of(request, operation, asking, wiring)
        views = _views(schema, visible, operation, document, variables, run)
        wanted = schema.relations(asking, request.query, operation, document)
    except GraphQLError as error:
        return refused_by([error])
    except (GatewayError, ModelError) as error:
        return refused(error)
    objects = Objects(limits.objects)
    context = _context(run, wanted, schema, visible, views, objects)
    try:
        async with asyncio.timeout(limits.deadline_s):
            return await _execute(request, visible, document, context)
    except TimeoutError:
        return refused(LimitExceeded("deadline", limits.deadline_s, limits.deadline_s))


def _run_of(
    request: Request, operation: OperationDefinitionNode, asking: Asking, wiring: Wiring
) -> _Run:
    name = operation.name.value if operation.name else None
    recorder = Recorder(asking, wiring.audit, wiring.now, name, request.query)
    sources, budget = wiring.sources.get(asking.principal.tenant, {}), Budget(wiring.budget_s)

    def live(definitions: Iterable[FieldDefinition]) -> LiveReads:
        return LiveReads(sources, definitions, budget, wiring.now)

    return _Run(asking, wiring, recorder, live)


async def _asking(request: Request, principal: Principal, wiring: Wiring) -> Asking:
    """Who asks, what for.

    Raises:
        BadInput: no such purpose.
        Forbidden: none of their roles may ask for it.
    """
    purpose = None
    if request.purpose is not None:
        try:
            purpose = Purpose(request.purpose)
        except ValueError:
            known = ", ".join(one.value for one in Purpose)
            raise BadInput(f"extensions.purpose: expected one of {known}.") from None
    matrix = await wiring.matrices.of(principal.tenant)
    asking = asking_of(principal, matrix, wiring.now().timestamp(), purpose)
    decision = decide_purpose(asking)
    if decision.is_denied:
        raise Forbidden(f"{decision.reason}.", decision, "extensions.purpose")
    return asking


def _views(
    schema: TenantSchema,
    visible: VisibleSchema,
    operation: OperationDefinitionNode,
    document: Document,
    variables: VariableValues,
    run: _Run,
) -> Views:
    """What the operation may see of each customer; that of strangers is planned at once.

    What an emergency shows is marked.
    """
    facts = schema.facts

    def view(standing: Standing) -> View:
        access = schema.access_plan(run.asking, standing)
        is_marked = standing.relation is Relation.BREAK_GLASS
        plan = plan_document(
            *(visible.graphql, visible.facts, operation, document.fragments, variables, access),
            is_recorded=is_marked,
        )
        before = Watermark(run.recorder, standing, plan, facts).mark if is_marked else None
        return View(standing, plan, run.live(plan.live.values()), before)

    return Views(view)


def _variables(
    schema: VisibleSchema, operation: OperationDefinitionNode, request: Request
) -> VariableValues:
    found = get_variable_values(
        schema.graphql,
        operation.variable_definitions or (),
        dict(request.variables),
        max_errors=_MAX_COERCION_ERRORS,
        hide_suggestions=True,
    )
    if isinstance(found, list):
        raise without_values(found[0])
    return found


def _authorise(
    schema: VisibleSchema,
    operation: OperationDefinitionNode,
    document: Document,
    variables: VariableValues,
    asking: Asking,
) -> None:
    """Refuse the whole operation where one of its root fields or inputs isn't allowed."""
    is_query = operation.operation is OperationType.QUERY
    root = schema.graphql.get_root_type(operation.operation)
    for node in root_fields(operation, document.fragments, variables):
        name = node.name.value
        definition = root.fields.get(name) if root else None
        if root is None or definition is None or name in OPEN_TO_ALL:
            continue
        decision = decide_operation(name, asking)
        if decision.effect is not Effect.ALLOW:
            raise Forbidden(f"{decision.reason}.", decision, f"{root.name}.{name}")
        action = Action.FILTER if is_query or name in FILTERING else Action.WRITE
        check = InputCheck(schema.facts, asking, action)
        check.check(root.name, node, definition, variables)


async def _execute(
    request: Request,
    visible: VisibleSchema,
    document: Document,
    context: Context,
) -> Answer:
    assert document.node is not None  # noqa: S101 - a document without errors has its tree
    try:
        result = execute(
            visible.graphql,
            document.node,
            context_value=context,
            variable_values=dict(request.variables),
            operation_name=request.operation_name,
            max_coercion_errors=_MAX_COERCION_ERRORS,
            executor_class=CountingExecutor,
            hide_suggestions=True,
        )
        if not isinstance(result, ExecutionResult):
            result = await result
    finally:
        for view in context.views.all():
            view.live.close()
        context.profiles.close()
        context.timelines.close()
    if context.objects.is_exceeded:
        return refused(LimitExceeded("objects", context.objects.most, context.objects.count))
    return answer_of(result, context.views)


def _context(
    run: _Run,
    wanted: AbstractSet[Relation],
    schema: TenantSchema,
    visible: VisibleSchema,
    views: Views,
    objects: Objects,
) -> Context:
    asking, wiring = run.asking, run.wiring

    def standings(ways: AbstractSet[Relation]) -> Standings:
        return Standings(asking, ways, wiring.relations, wiring.profiles, wiring.now())

    return Context(
        asking.principal,
        views.base.plan,
        ProfileLoader(wiring.profiles, views, standings(wanted)),
        TimelineLoader(wiring.interactions, views),
        views,
        standings(asking.relations),
        run.recorder,
        schema.facts,
        run.live,
        asking,
        wiring,
        objects,
        schema,
        visible,
    )
