#!/usr/bin/env python3
"""header_chains.py must let no header lean on one that it does not include."""

import unittest

import header_chains


class Chains(unittest.TestCase):
    def test_each_header_includes_the_one_before_it(self):
        includes = {"a": [], "b": ["a"], "c": ["b"], "d": ["a"], "e": ["d", "c"], "f": []}
        chains = header_chains.chains(includes)
        below = header_chains.below(includes)
        for chain in chains:
            for inner, outer in zip(chain, chain[1:]):
                self.assertIn(inner, below[outer])
        self.assertEqual(sorted(sum(chains, [])), sorted(includes))

    def test_there_are_as_few_as_there_can_be(self):
        # Greed from "a" to "c" would leave "b" alone.
        includes = {"a": [], "b": [], "c": ["a", "b"], "d": ["a"]}
        self.assertEqual(header_chains.chains(includes), [["b", "c"], ["a", "d"]])

    def test_strangers_are_alone(self):
        self.assertEqual(header_chains.chains({"a": [], "b": ["string"]}), [["a"], ["b"]])


if __name__ == "__main__":
    unittest.main()
