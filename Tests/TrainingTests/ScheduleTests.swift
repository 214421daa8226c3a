// Batches and rates as functions of the update.
import Testing
import Training

@Suite struct ScheduleTests {
    private static func settings(_ change: (inout TrainingSettings) -> Void) -> TrainingSettings {
        var settings = TrainingSettings()
        change(&settings)
        return settings
    }

    @Test func `the rate rises in a line and falls to its share`() {
        let schedule = RateSchedule(settings: Self.settings { ($0.updates, $0.warmUp, $0.rate) = (1000, 100, 1) })
        #expect(abs(schedule.rate(at: 0) - 0.01) < 1e-5)
        #expect(abs(schedule.rate(at: 49) - 0.5) < 0.01)
        #expect(abs(schedule.rate(at: 500) - 0.55) < 1e-12)
        #expect(abs(schedule.rate(at: 1000) - 0.1) < 1e-12)
    }

    @Test func `the language weight moves in a line to its end`() {
        let schedule = RateSchedule(
            settings: Self.settings { ($0.updates, $0.languageWeight, $0.languageWeightEnd) = (10, 1, 0) }
        )
        #expect(schedule.languageWeight(at: 0) == 1 && schedule.languageWeight(at: 5) == 0.5)
        #expect(RateSchedule(settings: Self.settings { $0.languageWeight = 0.3 }).languageWeight(at: 9) == 0.3)
    }

    @Test func `an epoch has every rollout once`() {
        var order = BatchOrder(Self.settings { $0.batch = 5 }, lengths: Array(repeating: 1, count: 25))
        for _ in 0..<2 {
            let epoch = (0..<5).flatMap { order.batch(at: $0) }
            #expect(epoch.sorted() == Array(0..<25))
            let next = (5..<10).flatMap { order.batch(at: $0) }
            #expect(next.sorted() == Array(0..<25) && next != epoch)
        }
    }

    @Test func `a batch may be larger than the data`() {
        var order = BatchOrder(Self.settings { $0.batch = 7 }, lengths: [1, 2, 3])
        #expect(order.batch(at: 2).count == 7 && order.batch(at: 2).allSatisfy((0..<3).contains))
    }

    @Test func `a curriculum begins with the shortest and ends with all`() {
        let lengths = (0..<1000).reversed().map { $0 }
        let settings = Self.settings {
            ($0.updates, $0.batch, $0.curriculum, $0.curriculumFrom) = (100, 50, 0.5, 0.1)
        }
        var order = BatchOrder(settings, lengths: lengths)
        #expect(order.batch(at: 0).allSatisfy { lengths[$0] < 100 })
        #expect(order.batch(at: 25).allSatisfy { lengths[$0] < 550 })
        #expect(order.batch(at: 49).contains { lengths[$0] > 700 })
        #expect(order.curriculumShare(at: 50) == 1)
    }

    @Test func `a batch is a function of the seed and the update alone`() {
        let settings = Self.settings { ($0.updates, $0.curriculum, $0.batch) = (100, 0.3, 9) }
        let lengths = (0..<77).map { $0 % 13 }
        var one = BatchOrder(settings, lengths: lengths)
        for update in 0..<100 {
            var other = BatchOrder(settings, lengths: lengths)
            #expect(one.batch(at: update) == other.batch(at: update))
        }
        var seeded = settings
        seeded.seed = 1
        var other = BatchOrder(seeded, lengths: lengths)
        #expect((0..<100).contains { one.batch(at: $0) != other.batch(at: $0) })
    }

    @Test func `annealing divides by the same number and ends half way`() {
        let settings = Self.settings {
            ($0.updates, $0.temperatureFrom, $0.temperature) = (100, 0.4, 0.1)
        }
        let temperature = Temperature(settings)
        #expect(abs(temperature.value(at: 0, settings) - 0.4) < 1e-12)
        #expect(abs(temperature.value(at: 25, settings) - 0.2) < 1e-12)
        #expect(abs(temperature.value(at: 80, settings) - 0.1) < 1e-12)
        #expect(!Temperature.isSettled(at: 49, settings) && Temperature.isSettled(at: 50, settings))
    }

    @Test func `a learnt temperature goes down its slope and stays positive`() {
        let settings = Self.settings { $0.learnsTemperature = true }
        var temperature = Temperature(settings)
        for step in 1...1000 { temperature.learn(1, scale: 1, rate: 0.05, step: step, settings) }
        #expect(temperature.value(at: 0, settings) > 0 && temperature.value(at: 0, settings) < 1e-5)
    }

    @Test func `half of the rollouts get one gap, within bounds, the same for the same update`() {
        let gaps = PositionGaps(longest: 10, seed: 3, maximumPositions: 30)
        let lengths = (0..<400).map { 1 + $0 % 30 }
        let positions = gaps.positions(of: lengths, at: 5)
        #expect(positions == gaps.positions(of: lengths, at: 5))
        #expect(positions != gaps.positions(of: lengths, at: 6))
        #expect(positions != PositionGaps(longest: 10, seed: 4, maximumPositions: 30).positions(of: lengths, at: 5))
        let spread = zip(lengths, positions).compactMap { length, positions in positions.map { (length, $0) } }
        #expect((120..<220).contains(spread.count))
        for (length, positions) in spread {
            #expect(positions.count == length)
            #expect(zip(positions, positions.dropFirst()).count { $1 - $0 != 1 } <= 1)
            #expect(zip(positions, positions.dropFirst()).allSatisfy { $0 < $1 })
            #expect((positions.last ?? 0) < 30 && Int(positions.last ?? 0) - (length - 1) <= 10)
        }
        // A rollout as long as the decoder allows has no room.
        #expect(zip(lengths, positions).allSatisfy { $0 < 30 || $1 == nil })
    }
}
