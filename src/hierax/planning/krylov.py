"""BiCGSTAB for the chain of a policy, ``(I - W) x = b``, preconditioned by symmetric Gauss-Seidel.

With ``W = L + U`` the system solved is ``(I - L)⁻¹ (I - W) (I - U)⁻¹ y = (I - L)⁻¹ b``,
``x = (I - U)⁻¹ y``. Since ``I - W = (I - L) + (I - U) - I``, its matrix is applied as
``(I - U)⁻¹ y + (I - L)⁻¹ (y - (I - U)⁻¹ y)``. This costs one sweep, as without a preconditioner
(Eisenstat 1981; the iteration is from van der Vorst 1992).
"""

import numpy as np

from hierax.planning.chain import residual_of, solve_lower, solve_upper
from hierax.planning.kernel import compiled, count, inner

MOST_ITERATIONS = 1_000
"""Iterations between two refinements."""
SMALLEST_SHARE = 1e-4
"""Smallest fraction of the target tried; if no iteration improves at it, refinement stops."""


@compiled
def bicgstab(chain, right, x, target, iterations):
    """Improve ``x`` in place until the residual ``b + W x - x`` is about ``target`` or less.

    Returns the number of iterations. The residual of the recurrence drifts from the true residual:
    call again to refine. After a breakdown ``x`` is that of the last iteration. After an overflow
    ``x`` is not finite, and so is its residual.
    """
    states = count(x.size)
    r = np.empty(states)
    residual_of(chain, x, right, r)
    solve_lower(chain, r)
    shadow, p, y = np.empty(states), np.empty(states), np.empty(states)
    ap, ar, scratch = np.empty(states), np.empty(states), np.empty(states)
    for i in range(states):
        shadow[i] = p[i] = r[i]
        y[i] = 0.0
    rho, made = _dot(r, r), 0
    while made < iterations:
        apply(chain, p, scratch, ap)
        alpha = rho / _dot(shadow, ap)
        if not np.isfinite(alpha):
            break
        for i in range(states):
            r[i] -= alpha * ap[i]
        apply(chain, r, scratch, ar)
        length = _dot(ar, ar)
        omega = _dot(ar, r) / length if length > 0.0 else 0.0
        largest = 0.0
        for i in range(states):
            y[i] += alpha * p[i] + omega * r[i]
            r[i] -= omega * ar[i]
            largest = max(largest, abs(r[i]))
        made += 1
        before, rho = rho, _dot(shadow, r)
        beta = rho / before * alpha / omega
        if largest <= target or not np.isfinite(beta):
            break
        for i in range(states):
            p[i] = r[i] + beta * (p[i] - omega * ap[i])
    solve_upper(chain, y)
    for i in range(states):
        x[i] += y[i]
    return made


@compiled
def solve(chain, right, x, accuracy):
    """Refine ``x`` in place until ``‖b + W x - x‖∞ <= accuracy (‖b‖∞ + ‖x‖∞)`` or no better.

    Returns the relative residual.
    """
    residual, size = np.empty_like(x), np.abs(right).max()
    reached, share = residual_of(chain, x, right, residual), 0.5
    while reached > accuracy * (size + np.abs(x).max()):
        candidate = x.copy()
        wanted = accuracy * (size + np.abs(x).max())
        bicgstab(chain, right, candidate, share * wanted, MOST_ITERATIONS)
        found = residual_of(chain, candidate, right, residual)
        # An iteration stops by the preconditioned residual, which may be far below the true one.
        if found < reached:
            reached, x[:] = found, candidate
            share *= min(1.0, wanted / reached) if reached > 0.0 else 1.0
        elif share > SMALLEST_SHARE and np.isfinite(found):
            share *= 0.1
        else:
            break
    return reached / (size + np.abs(x).max()) if reached != 0.0 else 0.0


@compiled
def apply(chain, y, z, result):
    """Set ``result`` to ``(I - L)⁻¹ (I - W) (I - U)⁻¹ y``; ``z`` is work space."""
    for i in range(count(y.size)):
        z[i] = y[i]
    solve_upper(chain, z)
    for i in range(count(y.size)):
        result[i] = y[i] - z[i]
    solve_lower(chain, result)
    for i in range(count(y.size)):
        result[i] += z[i]


@inner
def _dot(a, b):
    # Not np.dot: BLAS may use threads, and its sums depend on their number.
    total = 0.0
    for i in range(count(a.size)):
        total += a[i] * b[i]
    return total
