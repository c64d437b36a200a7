"""AdamW by torch's function. Imports torch.

The class of ``torch.optim`` loads torch's compiler when the first one is made, which takes longer than many a
training over cached vectors; the function it calls does not.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch.optim.adamw import adamw


class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019), with torch's defaults.

    Args:
        decayed: parameters, lowered by ``lr * weight_decay`` of themselves a step.
        others: parameters that do not decay, such as biases.
        weight_decay: 0 for none.
    """

    def __init__(
        self, decayed: Sequence[torch.Tensor], others: Sequence[torch.Tensor], weight_decay: float
    ) -> None:
        self.parameters = [*decayed, *others]
        self.decays = [weight_decay] * len(decayed) + [0.0] * len(others)
        self.means = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.squares = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.steps = [torch.zeros((), device=parameter.device) for parameter in self.parameters]

    @torch.no_grad()
    def step(self, loss: torch.Tensor, lr: float) -> None:
        """Lower a loss by one step; a parameter that has no part in it stays as it is."""
        gradients = torch.autograd.grad(loss, self.parameters, allow_unused=True)
        state = zip(
            self.parameters, gradients, self.decays, self.means, self.squares, self.steps, strict=True
        )
        for parameter, gradient, decay, mean, square, steps in state:
            if gradient is None:
                continue
            adamw(
                [parameter],
                [gradient],
                [mean],
                [square],
                [],
                [steps],
                fused=True,
                amsgrad=False,
                beta1=0.9,
                beta2=0.999,
                lr=lr,
                weight_decay=decay,
                eps=1e-8,
                maximize=False,
            )

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` goes on from."""
        return {"steps": self.steps, "means": self.means, "squares": self.squares}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        for name, own in self.state_dict().items():
            for tensor, value in zip(own, state[name], strict=True):
                tensor.copy_(value)
