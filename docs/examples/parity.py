"""A law on the hypercube: exact moments, posterior means, and the growth rate of a neuron."""

from theorylab.parity import HypercubeLaw, growth_rate

parity = HypercubeLaw.parity(4)  # uniform on the vertices whose product is +1
print("E[v1 v2]       ", parity.moment([0, 1]))
print("E[v1 v2 v3 v4] ", parity.moment([0, 1, 2, 3]))
print("Assumption 5.1 ", parity.is_pairwise_independent_with_zero_mean())

x = [0.9, 0.8, -0.7, 0.1]
mean = parity.posterior_mean(x, alpha_bar=0.7)
print("E[v | x]       ", [round(v, 4) for v in mean.tolist()])

w = [[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]]
rate = growth_rate(w, [0.0, -1.0], law=parity, coordinate=0, alpha_bar=0.7)
print("K(w, b)        ", [round(v, 4) for v in rate.tolist()])
