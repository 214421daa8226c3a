"""Schemathesis loads this: a request that the contract takes is refused only for what no schema can say."""

import re

import schemathesis

# What a 400 or 404 may be for although the request is as openapi.yaml has it: the code, and where, as an expression.
MEANING = {
    # A text has to be in a known chat template, or begin with its prompt.
    "no_answer": "", "unknown_chat_template": "", "no_question": "",
    "unknown_model": "^model$",
    "not_served": r"^images\[\d+\]$",
    # The same word in the URL and in the body, or two keys of which null is neither.
    "conflicting_fields": "",
    # Poolings that a scale does not have; an advantage of what has no group.
    "invalid_field": r"^\?(pooling|reward|normalize)$|^credit\.(pooling|token_value)$"
                     # Lists that must be as long as others; places in the caller's tokens; ids past 64 bits.
                     r"|^prompts(\[\d+\])?$|\.token_(spans|count)|\.(id|group)$|\.(token_ids|read_positions)\[\d+\]$"
                     # Token ids and texts in one list; a conversation whose last message is not the answer.
                     r"|^(input|text|input_ids|messages)(\[\d+\])*$"
                     # Looked at only where a signal is computed of them, so that the schema is silent.
                     r"|\.(prompt|step)_token_ids(\[\d+\])*$"
                     # Chances of more than 1; both classes where the model has one number.
                     r"|\.rewards\[\d+\]$|^use_activation$"
                     # Parents by their ids; integers past 64 bits.
                      r"|\.parent$|\.(turns|states)\[\d+\]$|\.pivot$|^program\[\d+\]\.index$"
                      # No text is split at nothing; steps of a list may be joined by it.
                      r"|\.separator$"
                      # Steps that are counted in several ways.
                      r"|^rollouts\[\d+\]$",
    # Where values of tokens are asked for, every rollout must say which are its.
    "missing_field": r"\.token_spans$",
}


@schemathesis.check
def refused_for_its_meaning(context, response, case):
    """422 is a meaning by itself (nothing to score); overload and missing keys are not the request's fault."""
    if case.meta is None or not case.meta.generation.mode.is_positive or not 400 <= response.status_code < 500:
        return
    if response.status_code in (401, 422, 429):
        return
    error = response.json()["error"]
    # The open inference protocol has words alone; its one path parameter is the model's name.
    if isinstance(error, str):
        assert response.status_code == 404, f"refused: {error}"
        return
    where = MEANING.get(error["code"])
    assert where is not None and re.search(where, error["param"] or ""), f"refused: {error}"
