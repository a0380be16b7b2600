"""Functions of these files, made so that a scheduler and workers that have none of these files can run them.

A function that a module has is sent by its name. Who can't import the module can't even read the message, and a worker
ends of that. A function within a function has no such name, so that it is sent as code, to whoever asks, whenever: a
worker that joins later or a scheduler that begins anew needs nothing that was sent before.
"""

import functools
import pickle

import cloudpickle


def packed(module, function, *arguments):
    """`function` of `module` with its arguments, as a function of none that needs only the standard library there.

    It raises ImportError where a worker can't load what is packed; whatever else it raises comes from `function`.
    """
    cloudpickle.register_pickle_by_value(module)
    try:
        content = cloudpickle.dumps(functools.partial(function, *arguments))
    finally:
        cloudpickle.unregister_pickle_by_value(module)

    def cohort():
        try:
            call = pickle.loads(content)
        except Exception as error:
            raise ImportError(f"a worker can't load what is to be run: {type(error).__name__}: {error}") from error
        return call()

    return cohort
