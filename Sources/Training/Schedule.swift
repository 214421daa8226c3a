// What is learnt from at each update, and how fast.
import Glibc

/// The learning rate: a linear rise, then half a cosine down to a share of its peak.
package struct RateSchedule {
    private let settings: TrainingSettings

    package init(settings: TrainingSettings) { self.settings = settings }

    /// - Parameter update: from 0.
    package func rate(at update: Int) -> Double {
        let rise = settings.warmUp > 0 ? min(1, Double(update + 1) / Double(settings.warmUp)) : 1
        let way = Double(update) / Double(max(1, settings.updates))
        let fall = settings.finalRateShare + (1 - settings.finalRateShare) * (1 + cos(.pi * way)) / 2
        return settings.rate * rise * fall
    }

    /// The language loss's weight, moving in a line to its end where it has one.
    package func languageWeight(at update: Int) -> Double {
        guard settings.languageWeightEnd >= 0 else { return settings.languageWeight }
        let way = Double(update) / Double(max(1, settings.updates))
        return settings.languageWeight + (settings.languageWeightEnd - settings.languageWeight) * way
    }
}

/// Which rollouts make the batch of an update.
///
/// A function of the seed and the update alone, so that a run goes on anywhere without a generator's state.
package struct BatchOrder {
    private let settings: TrainingSettings
    private let count: Int
    /// Rollouts by length, shortest first.
    private let byLength: [Int]
    private var epoch = -1
    private var shuffled: [Int] = []

    /// - Parameter lengths: tokens of each rollout.
    package init(_ settings: TrainingSettings, lengths: [Int]) {
        self.settings = settings
        count = lengths.count
        byLength = lengths.indices.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
    }

    /// - Parameter update: from 0.
    package mutating func batch(at update: Int) -> [Int] {
        let share = curriculumShare(at: update)
        if share < 1 { return sample(fromShortest: share, at: update) }
        return (0..<settings.batch).map { item(update * settings.batch + $0) }
    }

    /// The share of the rollouts, shortest first, that may be drawn; it grows in a line.
    package func curriculumShare(at update: Int) -> Double {
        let end = settings.curriculum * Double(settings.updates)
        guard Double(update) < end else { return 1 }
        return settings.curriculumFrom + (1 - settings.curriculumFrom) * Double(update) / end
    }

    private func sample(fromShortest share: Double, at update: Int) -> [Int] {
        var chance = Chance(seed: settings.seed, stream: .sample, index: update)
        let open = min(count, max(settings.batch, Int(share * Double(count))))
        return (0..<settings.batch).map { _ in byLength[chance.next(below: open)] }
    }

    /// The place's rollout in one shuffle after another.
    private mutating func item(_ place: Int) -> Int {
        if place / count != epoch {
            epoch = place / count
            var chance = Chance(seed: settings.seed, stream: .shuffle, index: epoch)
            shuffled = Array(0..<count)
            for last in stride(from: count - 1, to: 0, by: -1) {
                shuffled.swapAt(last, chance.next(below: last + 1))
            }
        }
        return shuffled[place % count]
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers on every machine and in every Swift.
struct Chance {
    enum Stream: UInt64 {
        case shuffle = 1
        case sample, weights, gaps
    }

    private var state: UInt64

    init(seed: Int, stream: Stream, index: Int) {
        state = UInt64(bitPattern: Int64(seed))
        for salt in [stream.rawValue, UInt64(bitPattern: Int64(index))] {
            state = next() ^ salt
        }
        _ = next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Lemire's multiplication without its rejection: the bias is under 2^-40 for any count of rollouts.
    mutating func next(below bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(max(1, bound))).high)
    }
}
