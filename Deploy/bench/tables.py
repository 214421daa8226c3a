"""Medians of what was measured, and the table that people read."""

import statistics


def summary(result):
    """Of one contestant: the median, lowest and highest of its tokens/s beside what else is known."""
    speeds = result.pop("tokens_per_second")
    return {
        "name": result.pop("name"), "tokens_per_second": statistics.median(speeds),
        "lowest": min(speeds), "highest": max(speeds), **result,
    }


def print_table(title, rows, failures):
    """Fastest first; each one's share of the fastest."""
    print(title)
    print(f"{'':<18}{'tokens/s':>10}{'lowest':>10}{'highest':>10}{'ratio':>8}{'peak GB':>9}{'scoring':>9}  notes")
    rows = sorted(rows, key=lambda row: -row["tokens_per_second"])
    for row in rows:
        ratio = row["tokens_per_second"] / rows[0]["tokens_per_second"]
        print(
            f"{row['name']:<18}{row['tokens_per_second']:>10.1f}{row['lowest']:>10.1f}{row['highest']:>10.1f}"
            f"{ratio:>8.2f}{gigabytes(row.get('peak_bytes'))}{gigabytes(row.get('scoring_peak_bytes'))}  {notes(row)}"
        )
    for name, reason in failures.items():
        print(f"{name:<18}did not run: {reason}")


def gigabytes(count):
    return f"{'-':>9}" if count is None else f"{count / 1e9:>9.2f}"


def notes(row):
    found = []
    if "batches" in row:
        found.append(row["batches"])
    if "reward_difference" in row:
        found.append(f"rewards within {row['reward_difference']:.1e} of float32")
    if "share_of_peak" in row:
        found.append(f"{row['share_of_peak']:.0%} of the peak")
    return ", ".join(found)
