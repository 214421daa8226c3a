"""The rows C-1 ... C-27 of reference/wire-apis.md section 8, asked of the built binary over HTTP."""

import concurrent.futures
import sys
import time

import rows_numbers
import rows_service
import rows_texts
from models import GOLDEN
from server import Server, arguments

ROWS = range(1, 28)
# What --short cannot show either, since no machine that runs this has the weights.
SKIPPED = "C-13 real weights: SKIPPED, none here"


def row(number):
    """The function of a row; each takes the golden's server, which it must leave as it found it, and the options."""
    modules = (rows_numbers, rows_texts, rows_service)
    return next(getattr(module, f"c{number}") for module in modules if hasattr(module, f"c{number}"))


def outcome(number, server, options):
    """None, or why it does not hold."""
    begin = time.monotonic()
    try:
        row(number)(server, options)
    except SystemExit as failure:
        return str(failure)
    except Exception as error:  # An answer of another form than the row has it.
        return f"FAILED: {type(error).__name__} {error}"
    finally:
        if time.monotonic() - begin > 60:
            print(f"C-{number} took {time.monotonic() - begin:.0f} s")
    return None


def main():
    options = arguments(__doc__)
    # Most of a row's time is waiting: twenty seconds of rest, deadlines, a long request.
    with Server(str(GOLDEN)) as server, concurrent.futures.ThreadPoolExecutor(6) as pool:
        # The slowest first.
        order = sorted(ROWS, key=lambda number: number not in (16, 17, 18, 19))
        futures = {number: pool.submit(outcome, number, server, options) for number in order}
        outcomes = {number: futures[number].result() for number in ROWS}
    for number, failure in outcomes.items():
        print(f"C-{number} {failure or 'ok'}")
    print(SKIPPED)
    good = list(outcomes.values()).count(None)
    print(f"{good} of {len(ROWS)} rows hold")
    sys.exit(good != len(ROWS))


if __name__ == "__main__":
    main()
