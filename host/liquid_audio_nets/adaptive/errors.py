# SPDX-License-Identifier: MIT
"""What can go wrong while a policy is learned."""

from ..errors import LiquidError


class BudgetError(LiquidError):
    """No policy keeps the budget.  nearest: the nearest budget that one keeps, in the unit of the argument."""

    def __init__(self, sentence: str, nearest: float):
        super().__init__(sentence)
        self.nearest = nearest
