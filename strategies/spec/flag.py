"""Feature flags that a release switches: on with a share of its traffic, off as the first effect of its rollback.

What a flag does is the application's business; here is only where it stands, in flagd's form, and which variant it gets.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from strategies.spec.base import Model, Name, rule, rules

Variant = Annotated[str, StringConstraints(min_length=1, max_length=100)]
ONE_SOURCE = "choose one of configMap and featureFlag"
TWO_VARIANTS = "onPromotion and onRollback must be two variants, or the flag would switch nothing"


class FlagKind(StrEnum):
    """What holds flags."""

    CONFIG_MAP = "ConfigMap"
    FEATURE_FLAG = "FeatureFlag"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class FlagPlace:
    """Where one flag stands: the object of the Release's namespace, the key of a ConfigMap's data ("" of a FeatureFlag)."""

    kind: FlagKind
    object: str
    key: str
    flag: str

    def __str__(self) -> str:
        """For messages."""
        return f"flag {self.flag} of {self.kind} {self.object}"


class FlagSource(Model):
    """The object that holds a flag, in the Release's namespace."""

    config_map: Name | None = Field(None, description="Name of a ConfigMap that has flags in flagd's form.")
    key: Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")] = Field(
        "flags.json", description="Key of the ConfigMap's data under which they stand, as JSON or YAML."
    )
    feature_flag: Name | None = Field(None, description="Name of an OpenFeature FeatureFlag (core.openfeature.dev/v1beta1).")

    model_config = ConfigDict(
        json_schema_extra=rules(rule("has(self.configMap) != has(self.featureFlag)", ONE_SOURCE)),
    )

    @model_validator(mode="after")
    def _one(self) -> "FlagSource":
        if (self.config_map is None) == (self.feature_flag is None):
            raise ValueError(ONE_SOURCE)
        return self


class Flag(Model):
    """A flag that is on for the new version and off again when that goes back."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[-._a-zA-Z0-9]+$")] = Field(
        description="The flag's key, as the application asks for it."
    )
    source: FlagSource = Field(description="The object that holds it.")
    weight: int = Field(
        100,
        ge=1,
        le=100,
        description="The flag goes on with the first step that gives the candidate this share of the traffic, in percent, "
        "once the traffic is there. 100 is the promotion.",
    )
    on_promotion: Variant = Field(
        "on", description="The variant that is the default while it is on. Quote it: on is no text in YAML."
    )
    on_rollback: Variant = Field("off", description="The variant that is the default after a rollback, for everybody.")

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "(has(self.onPromotion) ? self.onPromotion : 'on') != (has(self.onRollback) ? self.onRollback : 'off')",
                TWO_VARIANTS,
            )
        )
    )

    @property
    def place(self) -> FlagPlace:
        """Where it stands."""
        if self.source.config_map is not None:
            return FlagPlace(kind=FlagKind.CONFIG_MAP, object=self.source.config_map, key=self.source.key, flag=self.name)
        return FlagPlace(kind=FlagKind.FEATURE_FLAG, object=self.source.feature_flag or "", key="", flag=self.name)

    @model_validator(mode="after")
    def _two(self) -> "Flag":
        if self.on_promotion == self.on_rollback:
            raise ValueError(TWO_VARIANTS)
        return self
