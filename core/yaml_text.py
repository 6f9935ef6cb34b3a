"""YAML as operators write it: the same key twice is an error and not the last one's victory, and only true and false are truth values
(as in YAML 1.2: a charge may be called `off`, and Norway is NO)."""

import re
from typing import Any

import yaml


class Loader(yaml.SafeLoader):
    """Safe YAML in which no key is written twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """See `yaml.SafeLoader`."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int):
                continue
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} is written twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:bool"]
    for letter, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|false|False)$"), list("tTfF"))


def read(text: str) -> Any:
    """What a document says; `yaml.YAMLError` tells line and slip."""
    return yaml.load(text, Loader=Loader)  # noqa: S506 - a safe loader
