// When a service is ready and when it lives, on a clock of the test's own.
import API
import Batching
import Testing

@Suite struct VitalsTests {
    private let start = ContinuousClock.now
    private let hang = Duration.seconds(120)

    /// A service that works: a small model, idle, and everything had its turn.
    private func sound() -> Vitals {
        var beat = Pulse.Beat()
        beat.ended = start
        return Vitals(
            beat: beat,
            canary: (tokens: 20, patience: Patience(seconds: 0.002, tokens: 20)),
            tasks: start,
            sockets: start
        )
    }

    @Test func `a service that works is ready and lives`() {
        #expect(sound().trouble(at: start + .milliseconds(500)) == nil)
        #expect(sound().hang(at: start + .milliseconds(500), limit: hang) == nil)
    }

    @Test func `a service that drains is not ready, and lives`() {
        var vitals = sound()
        vitals.isDraining = true
        #expect(vitals.trouble(at: start) == .draining)
        #expect(vitals.hang(at: start, limit: hang) == nil)
    }

    @Test func `a round of a small model that does not end is found within two seconds`() {
        var vitals = sound()
        vitals.beat.running = .init(since: start, tokens: 20)
        vitals.tasks = start + hang
        vitals.sockets = start + hang
        #expect(vitals.trouble(at: start + .milliseconds(950)) == nil)
        #expect(vitals.trouble(at: start + .milliseconds(1050)) == .modelStalled)
        #expect(vitals.hang(at: start + .seconds(119), limit: hang) == nil)
        #expect(vitals.hang(at: start + .seconds(121), limit: hang) == .modelStalled)
    }

    @Test func `an idle model that no longer answers its canary is found within two seconds`() {
        let vitals = sound()
        #expect(vitals.trouble(at: start + .milliseconds(1200)) == nil)
        #expect(vitals.trouble(at: start + .milliseconds(1300)) == .modelStalled)
    }

    @Test func `a large model's long round is no trouble`() {
        // 7B on two slow cores: 20 s for 1,024 tokens, 0.8 s for a canary of 20.
        let patience = Patience(seconds: 0.8, tokens: 20)
        var vitals = sound()
        vitals.canary = (tokens: 20, patience: patience)
        vitals.beat.running = .init(since: start, tokens: 1024)
        vitals.tasks = start + .seconds(100)
        vitals.sockets = start + .seconds(100)
        #expect(vitals.trouble(at: start + .seconds(20)) == nil)
        #expect(vitals.trouble(at: start + .seconds(31)) == .modelStalled)
        // A fiftieth of its time at most goes into the canary.
        #expect(patience.interval == .seconds(40))
    }

    @Test func `tasks and loops without a turn are named`() {
        var vitals = sound()
        vitals.beat.ended = start + .seconds(6)
        vitals.sockets = start + .seconds(6)
        #expect(vitals.trouble(at: start + .seconds(6)) == .tasksStalled)
        vitals.tasks = start + .seconds(6)
        #expect(vitals.trouble(at: start + .seconds(6)) == nil)
        vitals.sockets = start
        #expect(vitals.trouble(at: start + .seconds(6)) == .socketsStalled)
        vitals.beat.ended = start + .seconds(121)
        vitals.tasks = start + .seconds(121)
        #expect(vitals.hang(at: start + .seconds(121), limit: hang) == .socketsStalled)
    }

    @Test func `other bits than at the beginning end both`() {
        var vitals = sound()
        vitals.isWrong = true
        #expect(vitals.trouble(at: start) == .modelWrong)
        #expect(vitals.hang(at: start, limit: hang) == .modelWrong)
    }

    @Test func `unwatched, only draining counts`() {
        var vitals = sound()
        vitals.tasks = nil
        #expect(vitals.trouble(at: start + .seconds(1000)) == nil)
        #expect(vitals.hang(at: start + .seconds(1000), limit: hang) == nil)
        vitals.isDraining = true
        #expect(vitals.trouble(at: start) == .draining)
    }
}
