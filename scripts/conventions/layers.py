"""Layers: who may read whom, and what a layer promises to its readers."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.conventions.project import Project

_MAY_READ = {
    "base": ("source",),
    "intermediate": ("base", "intermediate", "seed"),
    "prod": ("base", "intermediate", "prod", "seed"),
}
_REMEDIES = {
    "source": "read the base model of that source",
    "seed": "join it in an intermediate model",
    "base": "join them in an intermediate model",
    "intermediate": "move what needs it into an intermediate model",
    "prod": "move what both need into an intermediate model",
}
_EXPOSURES = "models/prod/exposures.yml"


def models_lie_in_a_layer(project: Project) -> Iterator[str]:
    """Every model lies in the folder of a layer."""
    for model in project.models:
        if model.sql != f"models/{model.layer}/{model.name}.sql" or model.layer not in _MAY_READ:
            yield f"{model.sql}: lies in no layer: move it into {', '.join(f'models/{name}' for name in _MAY_READ)}"


def models_read_the_layers_below(project: Project) -> Iterator[str]:
    """Base reads sources only, intermediate what is not prod nor a source, prod anything but sources."""
    layers = {resource.node["unique_id"]: (resource.name, resource.layer) for resource in project.models}
    layers |= {seed.node["unique_id"]: (seed.name, "seed") for seed in project.seeds}
    for key, source in project.manifest["sources"].items():
        layers[key] = (f"{source['source_name']}.{source['name']}", "source")
    for model in project.models:
        allowed = _MAY_READ.get(model.layer, tuple(_REMEDIES))
        for name, layer in (layers[key] for key in model.node["depends_on"]["nodes"]):
            if layer not in allowed:
                yield (
                    f"{model.sql}: reads {name} ({layer}), but {model.layer} reads {' and '.join(allowed)} only:"
                    f" {_REMEDIES[layer]}"
                )


def prod_keeps_its_contract(project: Project) -> Iterator[str]:
    """Every prod model has an enforced contract."""
    for model in project.models:
        if model.layer == "prod" and not model.node["config"]["contract"]["enforced"]:
            yield (
                f"{model.sql}: its contract is not enforced: leave `contract` to dbt_project.yml, which enforces it for"
                " all of models/prod"
            )


def prod_has_readers(project: Project) -> Iterator[str]:
    """Every prod model is named in an exposure."""
    read = {key for exposure in project.manifest["exposures"].values() for key in exposure["depends_on"]["nodes"]}
    for model in project.models:
        if model.layer == "prod" and model.node["unique_id"] not in read:
            yield (
                f"{_EXPOSURES}: nobody reads {model.name}: add ref('{model.name}') to the exposure of its readers, or"
                " move the model into models/intermediate"
            )


RULES = (models_lie_in_a_layer, models_read_the_layers_below, prod_keeps_its_contract, prod_has_readers)
