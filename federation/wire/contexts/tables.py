"""How a vocabulary's table of terms is written: names under one namespace, by the shape of their values."""

from typing import Any

XSD = "http://www.w3.org/2001/XMLSchema#"


def plain(namespace: str, names: str) -> dict[str, Any]:
    """Terms for types, and for properties whose values are text, numbers or nested objects."""
    return {name: namespace + name for name in names.split()}


def references(namespace: str, names: str) -> dict[str, Any]:
    """Properties whose string values are ids."""
    return {name: {"@id": namespace + name, "@type": "@id"} for name in names.split()}


def lists(namespace: str, names: str) -> dict[str, Any]:
    """Properties whose values are ids in a meaningful order."""
    return {name: {"@id": namespace + name, "@type": "@id", "@container": "@list"} for name in names.split()}


def typed(namespace: str, datatype: str, names: str) -> dict[str, Any]:
    """Properties whose values have an XML Schema data type."""
    return {name: {"@id": namespace + name, "@type": XSD + datatype} for name in names.split()}


def language_maps(namespace: str, names: str) -> dict[str, Any]:
    """`nameMap` for `name`: the same property, by language."""
    return {f"{name}Map": {"@id": namespace + name, "@container": "@language"} for name in names.split()}
