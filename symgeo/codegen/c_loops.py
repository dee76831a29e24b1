"""Which lines of a C kernel share a loop: neighbouring elementwise lines of the same indices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import sympy as sp

from symgeo.codegen.arrange import Arrangement
from symgeo.codegen.operands import bases
from symgeo.codegen.program import Let, OrthogonalColumns, Stack, Step


@dataclass
class Loop:
    """Neighbouring elementwise lines of the same indices."""

    indices: tuple[sp.Idx, ...]
    lets: list[Let] = field(default_factory=list)


Group = Loop | Step


def grouped(arrangement: Arrangement) -> list[Group]:
    """The steps, elementwise lines of the same indices together where nothing between is read."""
    batched = arrangement.batched
    groups: list[Group] = []
    for step in arrangement.steps:
        if not isinstance(step, Let) or (isinstance(step.value, sp.Sum) and not _short(step, batched)):
            groups.append(step)
            continue
        indices = step.target.indices if isinstance(step.target, sp.Indexed) else ()
        moving = base_of(step.target) in batched
        read = bases(step.value)
        for group in reversed(groups):
            if isinstance(group, Loop) and group.indices == indices and moves(group, batched) == moving:
                group.lets.append(step)
                break
            if not read.isdisjoint(written(group) & batched if moving else written(group)):
                groups.append(Loop(indices, [step]))
                break
        else:
            groups.append(Loop(indices, [step]))
    # What is done once comes before what may read it.
    return sorted(groups, key=lambda group: moves(group, batched))


def _short(let: Let, batched: frozenset[sp.Basic]) -> bool:
    """Whether a sum gives one number a point and has one index: it then stands in the loop over the points."""
    single = isinstance(let.target, sp.Symbol) and len(let.value.limits) == 1
    return single and let.target in batched


def moves(group: Group, batched: frozenset[sp.Basic]) -> bool:
    """Whether a group differs from point to point."""
    return not batched.isdisjoint(written(group))


def base_of(target: sp.Basic) -> sp.Basic:
    """The array of a component, or the symbol itself."""
    return target.base if isinstance(target, sp.Indexed) else target


def written(group: Group) -> set[sp.Basic]:
    """What a group defines."""
    if isinstance(group, Loop):
        return {base_of(let.target) for let in group.lets}
    if isinstance(group, Let):
        return {base_of(group.target)}
    return {group.target, group.triangle} if isinstance(group, OrthogonalColumns) else {group.target}


def read(group: Group) -> set[sp.Basic]:
    """What a group reads."""
    if isinstance(group, Loop):
        return set().union(*(bases(let.value) for let in group.lets))
    if isinstance(group, Let):
        return bases(group.value)
    if isinstance(group, Stack):
        return set().union(*map(bases, group.components))
    return {group.matrix}


def read_once(points: sp.Basic, groups: Iterable[Group]) -> Loop | None:
    """The only group that reads the points, where it is one loop over them: it may take them as they lie."""
    readers = [group for group in groups if points in read(group)]
    if len(readers) != 1 or not isinstance(readers[0], Loop) or readers[0].indices:
        return None
    # GCC 12 makes no vectors of a loop that calls functions and takes its numbers from rows.
    return None if any(let.value.has(sp.Function) for let in readers[0].lets) else readers[0]
