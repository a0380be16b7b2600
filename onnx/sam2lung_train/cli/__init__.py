"""The one command line, `sam2lung-train`.

`main` puts the subcommands together; `data`, `training`, `export`, `evaluation` and `figures` hold the subcommands of
the sub-package of the same name. A subcommand reads options and calls one function of that sub-package, which it
imports only then: `--help` needs neither PyTorch nor NumPy. Nothing else may import this sub-package.
"""
