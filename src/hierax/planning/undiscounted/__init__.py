"""Models with discount 1: stochastic shortest paths, and other tasks that end.

Bertsekas and Tsitsiklis (1991), "An analysis of stochastic shortest path problems"; end components
after de Alfaro (1997), "Formal verification of probabilistic systems", and Haddad and Monmege
(2018), "Interval iteration algorithm for MDPs and IMDPs".
"""
