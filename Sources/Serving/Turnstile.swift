// Where requests stand in line that came behind others.
//
// Hundreds of pipelined requests (RFC 9112 section 9.3.2) fit into one packet. Were each answered as soon as the one before
// it, whoever asks one at a time would wait for all of them at every step: beside 500 clients that send 500 each, five times
// as long as alone (Deploy/checks/slow.py).

/// The line of one loop.
///
/// All mutable state is touched on the loop's queue only, which the compiler cannot see: hence unchecked.
final class Turnstile: @unchecked Sendable {
    /// How many may be inside.
    private static let places = 4
    private var inside = 0
    private var line: [CheckedContinuation<Void, Never>] = []

    /// Returns when there is a place, and never before others on the loop had theirs; each that enters has to leave.
    func enter(isolation: isolated any Actor = #isolation) async {
        guard inside >= Self.places else {
            inside += 1
            return await Task.yield()
        }
        await withCheckedContinuation { line.append($0) }
    }

    func leave() {
        // The place goes to the next, so the number stays.
        if line.isEmpty { inside -= 1 } else { line.removeFirst().resume() }
    }
}
