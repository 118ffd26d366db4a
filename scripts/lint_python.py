"""Checks the Python sources below the given folders: Python 3.8 syntax, the standard library only,
no unused import, no bare except.

usage: lint_python.py FOLDER…

What runs on a host may count on nothing but Python 3.8. A line that ends in `# noqa: REASON` is
left out.
"""

import ast
import pathlib
import sys

# Modules of this repository, and the engine's wheel, which deploy installs before it is imported.
OWN = {"xllamacpp"}


def imports(tree):
    """Every import as (node, bound name, top module)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                yield node, alias.asname or top, top
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                yield node, alias.asname or alias.name, (node.module or "").split(".")[0]


def used_names(tree):
    """Every name that is read, and what `__all__` exports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
        ):
            yield from ast.literal_eval(node.value)


def findings(path, own):
    """(line, sentence) for everything wrong in one file."""
    source = path.read_text(encoding="utf-8")
    try:
        tree = ast.parse(source, str(path), feature_version=(3, 8))
    except SyntaxError as error:
        return [(error.lineno or 1, "not Python 3.8: " + str(error.msg))]
    found = []
    used = set(used_names(tree))
    for node, name, top in imports(tree):
        if top not in sys.stdlib_module_names and top not in own:
            found.append((node.lineno, "%s is not in the standard library" % top))
        if name not in used and name != "annotations":
            found.append((node.lineno, "%s is imported and not used" % name))
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            found.append((node.lineno, "a bare except also catches Ctrl-C: name the exception"))
    lines = source.splitlines()
    return [(line, text) for line, text in found if "# noqa: " not in lines[line - 1]]


def main(folders):
    files = sorted(path for folder in folders for path in pathlib.Path(folder).rglob("*.py"))
    own = OWN | {path.stem for path in files} | {path.parent.name for path in files}
    problems = 0
    for path in files:
        for line, text in findings(path, own):
            print("%s:%d: %s" % (path, line, text))
            problems += 1
    print("%d files, %d problems" % (len(files), problems))
    return 1 if problems or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
