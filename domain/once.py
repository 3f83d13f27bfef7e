"""What is worked out of a value once and then remembered with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801 - a decorator
    """A property that is computed when first asked for and then lies in the object's `__dict__`, where it is found before this. As
    functools.cached_property, without its lock; works with frozen structs that have `dict=True`. What is remembered is no part of the
    value: it is neither compared nor encoded."""

    def __init__(self, compute: Callable[[Any], T]):
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, one: None, owner: type[Any]) -> Self: ...

    @overload
    def __get__(self, one: object, owner: type[Any]) -> T: ...

    def __get__(self, one: object | None, owner: type[Any]) -> T | Self:
        if one is None:
            return self
        value = one.__dict__[self._name] = self._compute(one)
        return value
