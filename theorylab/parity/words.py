r"""Laws of words over an alphabet: exact pair laws, and what one-hot noise shows of them.

Notation: a word is (s_1, ..., s_L), s_k in {0, ..., q-1}; the clean point is one-hot,
x_0[k, a] = 1 where s_k = a; x = s x_0 + nu xi with s = sqrt(A), nu = sqrt(1 - A), A = alpha_bar;
the logit of a symbol is l_ka = s x_ka / nu^2. Every one-hot block has norm 1, so that no norm
enters the logits.

Probabilities are fractions, posteriors are tensors. Binary words in {-1, 1}^d are in
`theorylab.parity.laws`.
"""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from theorylab import _require
from theorylab._typing import ArrayLike, Points
from theorylab.parity import _support, posterior

Word = tuple[int, ...]


@dataclass(frozen=True)
class WordLaw(ABC):
    """A probability law on words of length L over q symbols: abstract.

    Attributes:
        length: L >= 1.
        symbols: q >= 1.
    """

    length: int
    symbols: int

    @abstractmethod
    def atoms(self) -> tuple[tuple[Word, Fraction], ...]:
        """Every word of positive probability, with its probability."""

    @abstractmethod
    def _posterior(self, logits: Tensor) -> Tensor: ...

    def marginal(self, positions: Iterable[int]) -> dict[Word, Fraction]:
        """The law of the symbols at these positions, in this order; zeros are left out.

        Raises:
            ValueError: a position outside 0..L-1, or one repeated.
        """
        kept = _support.checked_subset("positions", positions, self.length)
        masses: dict[Word, Fraction] = {}
        for word, probability in self.atoms():
            image = tuple(word[k] for k in kept)
            masses[image] = masses.get(image, Fraction(0)) + probability
        return masses

    def is_pairwise_independent(self) -> bool:
        """Whether P(s_i = a, s_j = b) = P(s_i = a) P(s_j = b) always, decided exactly.

        This is Assumption 5.1 of arXiv 2503.03595 for one-hot blocks in place of signs, up to the
        means, which centring removes: every function of one block is uncorrelated with every
        function of another.
        """
        pairs = itertools.combinations(range(self.length), 2)
        return all(self._are_independent(i, j) for i, j in pairs)

    def _are_independent(self, i: int, j: int) -> bool:
        joint, first, second = (self.marginal(kept) for kept in ([i, j], [i], [j]))
        return all(
            joint.get((*a, *b), 0) == first[a] * second[b]
            for a, b in itertools.product(first, second)
        )

    def symbol_probabilities(self, x: ArrayLike, *, alpha_bar: float) -> Points:
        """P(s_k = a | x), which is also E[x_0 | x].

        Args:
            x: (*n, L q), one block of q entries a position.
            alpha_bar: A in [0, 1).

        Returns:
            (*n, L q), dtype and device of x; every block sums to 1.

        Raises:
            ValueError: x is not finite or has another last axis; alpha_bar outside [0, 1).
        """
        place = _require.array("x", x)
        place = _require.points("x", place, dimension=self.length * self.symbols, like=place)
        logits = posterior.log_odds(place, alpha_bar=alpha_bar)
        blocks = logits.unflatten(-1, (self.length, self.symbols))
        return self._posterior(blocks).flatten(-2)

    def noise_mean(self, x: ArrayLike, *, alpha_bar: float) -> Points:
        r"""E[xi | x] = (x - s E[x_0 | x]) / nu; arguments as `symbol_probabilities`."""
        signal, noise = posterior.signal_and_noise(alpha_bar)
        place = _require.array("x", x)
        return (place - signal * self.symbol_probabilities(place, alpha_bar=alpha_bar)) / noise

    def score(self, x: ArrayLike, *, alpha_bar: float) -> Points:
        r"""\nabla \ln p(x) = -E[xi | x] / nu; arguments as `symbol_probabilities`."""
        _, noise = posterior.signal_and_noise(alpha_bar)
        return -self.noise_mean(x, alpha_bar=alpha_bar) / noise


@final
@dataclass(frozen=True)
class FiniteWordLaw(WordLaw):
    """A law given by its words.

    Attributes:
        words: distinct words of length L.
        probabilities: as many positive fractions with sum 1.

    Raises:
        ValueError: words or probabilities that are none.
    """

    words: tuple[Word, ...]
    probabilities: tuple[Fraction, ...]

    def __post_init__(self) -> None:
        """Check the words and their probabilities."""
        _require.integer("length", self.length, at_least=1)
        _require.integer("symbols", self.symbols, at_least=1)
        for word in self.words:
            if len(word) != self.length or not set(word) <= set(range(self.symbols)):
                msg = f"words must be {self.length} symbols 0..{self.symbols - 1}, got {word!r}"
                raise ValueError(msg)
        if not self.words or len(set(self.words)) != len(self.words):
            msg = f"words must be distinct and at least one, got {len(self.words)}"
            raise ValueError(msg)
        masses = self.probabilities
        if len(masses) != len(self.words) or any(p <= 0 for p in masses) or sum(masses) != 1:
            msg = f"probabilities must be {len(self.words)} positive with sum 1, got {masses!r}"
            raise ValueError(msg)

    @classmethod
    def uniform(cls, words: Iterable[Word], *, symbols: int) -> "FiniteWordLaw":
        """Equal probabilities on distinct words of one length, at least one."""
        rows = tuple(tuple(word) for word in words)
        mass = Fraction(1, max(1, len(rows)))
        return cls(len(rows[0]) if rows else 1, symbols, rows, (mass,) * len(rows))

    def atoms(self) -> tuple[tuple[Word, Fraction], ...]:
        """As `WordLaw.atoms`."""
        return tuple(zip(self.words, self.probabilities, strict=True))

    def _posterior(self, logits: Tensor) -> Tensor:
        rows = torch.tensor(self.words, dtype=torch.int64, device=logits.device)
        one_hot = torch.nn.functional.one_hot(rows, self.symbols).to(logits)
        masses = torch.tensor([float(p) for p in self.probabilities], dtype=torch.float64).to(
            logits
        )
        weights = torch.softmax(logits.flatten(-2) @ one_hot.flatten(1).T + masses.log(), dim=-1)
        return (weights @ one_hot.flatten(1)).reshape(logits.shape)


@final
@dataclass(frozen=True)
class EqualSumsLaw(WordLaw):
    r"""Uniform on s_1 + s_2 = s_3 + s_4, over the integers or modulo q.

    With q = 10 there are 670 such words over the integers and 1000 modulo 10.

    Attributes:
        length: 4.
        symbols: q.
        cyclic: whether sums are taken modulo q.

    Raises:
        ValueError: another length, or q below 1.
    """

    length: int = 4
    symbols: int = 10
    cyclic: bool = False

    def __post_init__(self) -> None:
        """Check the length and the alphabet."""
        _require.integer("symbols", self.symbols, at_least=1)
        if self.length != 4:
            msg = f"length must be 4, got {self.length!r}"
            raise ValueError(msg)

    def atoms(self) -> tuple[tuple[Word, Fraction], ...]:
        """As `WordLaw.atoms`."""
        return self._atoms

    @cached_property
    def _atoms(self) -> tuple[tuple[Word, Fraction], ...]:
        every = itertools.product(range(self.symbols), repeat=4)
        words = [w for w in every if self._sum(w[0] + w[1]) == self._sum(w[2] + w[3])]
        return tuple((word, Fraction(1, len(words))) for word in words)

    def _sum(self, value: int) -> int:
        return value % self.symbols if self.cyclic else value

    def _posterior(self, logits: Tensor) -> Tensor:
        r"""P(s_1 = a | x) is proportional to w_1a sum_b w_2b (w_3 * w_4)_(a+b), w = exp(logits).

        Logarithms are carried; no exponential overflows, and none of a probable word underflows.
        """
        first, second, third, fourth = logits.unbind(-2)
        left, right = self._convolution(first, second), self._convolution(third, fourth)
        blocks = (
            first + self._correlation(right, second),
            second + self._correlation(right, first),
            third + self._correlation(left, fourth),
            fourth + self._correlation(left, third),
        )
        return torch.softmax(torch.stack(blocks, dim=-2), dim=-1)

    def _convolution(self, p: Tensor, q: Tensor) -> Tensor:
        """ln sum_{a+b=t} exp(p_a + q_b), one entry a sum t."""
        pairs = (p[..., :, None] + q[..., None, :]).flatten(-2)
        table = self._sums.flatten().to(p.device)
        count = int(table.max()) + 1
        return torch.stack(
            [torch.logsumexp(pairs[..., table == t], dim=-1) for t in range(count)], dim=-1
        )

    def _correlation(self, sums: Tensor, other: Tensor) -> Tensor:
        """ln sum_b exp(other_b + sums_(a+b)), one entry a symbol a."""
        table = self._sums.to(sums.device)
        return torch.logsumexp(sums[..., table] + other[..., None, :], dim=-1)

    @cached_property
    def _sums(self) -> Tensor:
        values = torch.arange(self.symbols)
        total = values[:, None] + values
        return total % self.symbols if self.cyclic else total
