"""Addresses of many rows at once."""

from collections.abc import Callable
from uuid import UUID

from django.urls import reverse

_ANY = UUID(int=0)


def address_of_each(name: str, *fixed: object) -> Callable[[UUID], str]:
    """What `reverse` would say of each row, for the price of one: `url = address_of_each("pages:product_detail")`, then
    `url(product.pk)`. The key comes after the `fixed` arguments.
    """
    before, after = reverse(name, args=[*fixed, _ANY]).rsplit(str(_ANY), 1)
    return lambda key: f"{before}{key}{after}"
