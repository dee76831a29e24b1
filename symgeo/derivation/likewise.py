"""Definitions that were displayed before, said once more of other tensors: nothing is displayed, the prose says so.

After the Christoffel symbols and the curvature of g were defined, Likewise((g, h), (Gamma, Gamma'), ...) defines those
of h by the same formulas, with every tensor of the pairs renamed. What was not displayed cannot be repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from symgeo.derivation.components import Meanings
from symgeo.derivation.language import Tensor, Term
from symgeo.errors import InputError


@dataclass(frozen=True)
class Likewise:
    """For each pair (old, new) whose new tensor has no meaning yet: new is defined as old was, with renamed tensors.

    Raises:
        InputError: nothing is defined by it, or a pair has other slots.
    """

    pairs: tuple[tuple[Tensor, Tensor], ...]

    def meanings(self, before: Meanings) -> Meanings:
        """The meanings with the new tensors among them."""
        table = dict(self.pairs)
        for old, new in self.pairs:
            if old.positions != new.positions:
                raise InputError(
                    f"`pairs` must have the same slots, got {old.name} with {old.positions!r} and {new.name} with "
                    f"{new.positions!r}"
                )
        fresh = {
            new: (before.tensors[old][0], renamed(before.tensors[old][1], table))
            for old, new in self.pairs
            if old in before.tensors and not before.knows(new)
        }
        if not fresh:
            raise InputError(
                f"`pairs` must hold a tensor that was defined and one that was not, got "
                f"{', '.join(f'{old.name}, {new.name}' for old, new in self.pairs)}"
            )
        return replace(before, tensors={**before.tensors, **fresh})


def renamed(value: Term, table: Mapping[Tensor, Tensor]) -> Term:
    """`value` with tensors renamed wherever they stand."""

    def changed(content: object) -> object:
        if isinstance(content, Tensor):
            return table.get(content, content)
        if isinstance(content, Term):
            return renamed(content, table)
        return tuple(changed(item) for item in content) if isinstance(content, tuple) else content

    return replace(value, **{field.name: changed(getattr(value, field.name)) for field in fields(value)})  # pyright: ignore[reportArgumentType]
