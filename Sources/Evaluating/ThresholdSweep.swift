// The first-error score at every threshold at once.
//
// A chain is judged rightly on one interval of thresholds. With label -1: up to its smallest reward. With label k:
// above r_k, up to the smallest reward before it (empty unless that is larger). So three sorted lists answer any
// threshold with three searches, and the best one is found exactly rather than on a grid.

/// F1 as a function of the threshold, for one set of chains.
package struct ThresholdSweep: Sendable {
    /// Ends of the intervals (low, high] on which erroneous chains are judged rightly.
    private let errorLows: [Double]
    private let errorHighs: [Double]
    /// Smallest reward of each chain without an error.
    private let correctMinima: [Double]
    private let erroneousChains: Int

    package init(_ chains: [JudgedChain]) {
        var lows: [Double] = []
        var highs: [Double] = []
        var minima: [Double] = []
        var erroneous = 0
        for chain in chains {
            guard let label = chain.label else { continue }
            if label < 0 {
                minima.append(chain.rewards.min() ?? .infinity)
                continue
            }
            erroneous += 1
            guard label < chain.rewards.count else { continue }
            let high = chain.rewards[..<label].min() ?? .infinity
            guard chain.rewards[label] < high else { continue }
            lows.append(chain.rewards[label])
            highs.append(high)
        }
        errorLows = lows.sorted()
        errorHighs = highs.sorted()
        correctMinima = minima.sorted()
        erroneousChains = erroneous
    }

    /// The same as `FirstErrorScore(chains, threshold:)`, in logarithmic time.
    package func score(at threshold: Double) -> FirstErrorScore {
        FirstErrorScore(
            threshold: threshold,
            erroneousChains: erroneousChains,
            foundErrors: errorLows.count(under: threshold) - errorHighs.count(under: threshold),
            correctChains: correctMinima.count,
            passedChains: correctMinima.count - correctMinima.count(under: threshold)
        )
    }

    /// The score at the threshold with the highest F1: the middle of the interval it holds on, of the widest such one.
    /// Nil where one of the two kinds of chains is missing.
    package var best: FirstErrorScore? {
        guard erroneousChains > 0, !correctMinima.isEmpty else { return nil }
        let edges = Set(errorLows + errorHighs + correctMinima).filter(\.isFinite).sorted()
        guard let lowest = edges.first, let highest = edges.last else { return score(at: 0) }
        var best = score(at: lowest)
        var width = 0.0
        for (low, high) in zip(edges, edges.dropFirst()) {
            let middle = low + (high - low) / 2
            // Between neighbours there is no middle; `high` itself stands for (low, high].
            let candidate = score(at: middle > low ? middle : high)
            let (gain, f1) = (candidate.f1 ?? 0, best.f1 ?? 0)
            if gain > f1 || (gain == f1 && high - low > width) {
                best = candidate
                width = high - low
            }
        }
        let above = score(at: highest.nextUp)
        return (above.f1 ?? 0) > (best.f1 ?? 0) ? above : best
    }

    /// Scores at `count` thresholds spread evenly over `range`, both ends included.
    package func curve(over range: ClosedRange<Double>, count: Int) -> [FirstErrorScore] {
        guard count > 1 else { return [score(at: range.lowerBound)] }
        let width = range.upperBound - range.lowerBound
        return (0..<count).map { score(at: range.lowerBound + width * Double($0) / Double(count - 1)) }
    }
}

extension [Double] {
    /// How many elements of this sorted list are less than `limit`.
    fileprivate func count(under limit: Double) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if self[middle] < limit { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Chains on which a threshold may be chosen, and others on which it is then judged.
package struct ThresholdSplit: Sendable {
    package private(set) var tuning: [JudgedChain] = []
    package private(set) var held: [JudgedChain] = []

    /// Halves by group, so that no problem stands on both sides; the same chains always fall on the same side.
    ///
    /// A group's side is the lowest bit of its name's hash (FNV-1a of its UTF-8, then SplitMix64's mixing, since the
    /// low bit of FNV-1a alone is only a parity). A chain without a group is one of its own, named by its place.
    package init(_ chains: [JudgedChain]) {
        for (place, chain) in chains.enumerated() {
            if Self.hash(chain.group ?? "#\(place)") & 1 == 0 { tuning.append(chain) } else { held.append(chain) }
        }
    }

    private static func hash(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return hash ^ (hash >> 31)
    }
}
