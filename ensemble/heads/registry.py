"""Names of the heads."""

from __future__ import annotations

from ensemble.heads import attraction, classes, elasticity, free
from ensemble.heads.base import HeadKind

HEADS = {
    "elasticity": HeadKind(elasticity.ElasticityHead, elasticity.log_units),
    "attraction": HeadKind(attraction.AttractionHead, attraction.log_units),
    "free": HeadKind(free.FreeHead, free.log_units),
    "classes": HeadKind(classes.ClassesHead, classes.log_units, classes.logits),
}
