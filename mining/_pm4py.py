"""PM4Py in our own words: the only module that imports it."""

import os
from collections.abc import Mapping
from typing import Any

os.environ.setdefault("PM4PY_SHOW_PROGRESS_BAR", "False")

from pm4py.algo.discovery.inductive.dtypes.im_ds import IMDataStructureUVCL
from pm4py.algo.discovery.inductive.variants.im import IMUVCL
from pm4py.algo.discovery.inductive.variants.imf import IMFUVCL, IMFParameters
from pm4py.objects.process_tree.obj import Operator, ProcessTree
from pm4py.util.compression.dtypes import UVCL

from mining import tree as trees
from mining.tree import Tree


def inductive_tree(variants: Mapping[tuple[str, ...], int], noise: float = 0.0) -> Tree:
    """The tree that the inductive miner finds (Leemans et al. 2013); with `noise`, its infrequent form.

    `variants` maps sequences of activities to cases. Raises `ValueError` when there are none.
    """
    if not variants:
        raise ValueError("There are no variants to discover a tree from.")
    counted = UVCL()
    for variant, cases in variants.items():
        counted[variant] = cases
    data = IMDataStructureUVCL(counted)
    parameters = {IMFParameters.NOISE_THRESHOLD: noise}
    miner = IMFUVCL(parameters) if noise else IMUVCL(parameters)
    return _tree(miner.apply(data, parameters))


def _tree(found: ProcessTree) -> Tree:
    operator: Any = found.operator
    if operator is None:
        return trees.silent() if found.label is None else trees.leaf(found.label)
    children = [_tree(child) for child in found.children]
    if operator == Operator.SEQUENCE:
        return trees.sequence(*children)
    if operator == Operator.PARALLEL:
        return trees.parallel(*children)
    if operator == Operator.XOR:
        return trees.choice(*children)
    if operator == Operator.LOOP:
        return trees.loop(children[0], trees.choice(*children[1:]))
    raise ValueError(f"The inductive miner returned an operator {operator.name} that it does not have.")
