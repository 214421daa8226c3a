// What picking the best of n chains by its value gains.

/// Accuracy of the chain picked from n of one problem, averaged over problems.
///
/// Not the first n of a group but all its subsets of n, which is the expectation over their order: the unbiased
/// estimator of pass@k (Chen et al. 2021, arXiv 2107.03374, equation 1) and the same sum for the pick by value.
package struct BestOfN: Sendable, Equatable {
    package let n: Int
    /// Groups of at least n chains with known outcomes; smaller ones are left out.
    package let groups: Int
    /// The chain of the highest trajectory value is right; ties are broken by chance.
    package let picked: Double
    /// The first chain is right, whatever comes after it: what there is without a reward model.
    package let first: Double
    /// At least one of the n is right: no way of picking does better.
    package let oracle: Double

    /// One row for each n = 1, 2, 4, ... up to the largest group, and that size itself; none without groups of two.
    package static func rows(_ chains: [JudgedChain]) -> [BestOfN] {
        var groups: [String: [JudgedChain]] = [:]
        // Groups in the order of the chains: sums of Double depend on it.
        var names: [String] = []
        for chain in chains {
            guard let name = chain.group, chain.correct != nil else { continue }
            if groups[name] == nil { names.append(name) }
            groups[name, default: []].append(chain)
        }
        let members = names.compactMap { groups[$0] }
        let largest = members.map(\.count).max() ?? 0
        guard largest > 1 else { return [] }
        var sizes = Array(sequence(first: 1) { $0 <= largest / 2 ? $0 * 2 : nil })
        if sizes.last != largest { sizes.append(largest) }
        return sizes.map { BestOfN(n: $0, groups: members) }
    }

    private init(n: Int, groups: [[JudgedChain]]) {
        let large = groups.filter { $0.count >= n }
        func mean(_ value: ([JudgedChain]) -> Double) -> Double {
            large.reduce(0) { $0 + value($1) } / Double(max(1, large.count))
        }
        self.n = n
        self.groups = large.count
        picked = mean { Self.picked($0, n: n) }
        first = mean { Self.rightShare($0[...]) }
        // 1 - C(w, n) / C(N, n) with w wrong chains: the chance that not all n are wrong.
        oracle = mean { group in
            1 - Self.ratio(group.count { $0.correct == false }, of: group.count, choosing: n)
        }
    }

    /// Sum over chains i, by ascending value, of correct_i C(i, n - 1) / C(N, n): the chance that i is the highest.
    private static func picked(_ group: [JudgedChain], n: Int) -> Double {
        let sorted = group.sorted { $0.trajectory < $1.trajectory }
        var sum = 0.0
        var start = 0
        while start < sorted.count {
            var end = start
            while end < sorted.count, sorted[end].trajectory == sorted[start].trajectory { end += 1 }
            end = max(end, start + 1)
            // The highest value lies in this block of ties unless all n lie below it or one lies above.
            let chance = ratio(end, of: sorted.count, choosing: n) - ratio(start, of: sorted.count, choosing: n)
            sum += chance * rightShare(sorted[start..<end])
            start = end
        }
        return sum
    }

    /// C(part, n) / C(whole, n), as a product of n factors in [0, 1].
    private static func ratio(_ part: Int, of whole: Int, choosing n: Int) -> Double {
        guard part >= n else { return 0 }
        return (0..<n).reduce(1) { $0 * Double(part - $1) / Double(whole - $1) }
    }

    private static func rightShare(_ chains: ArraySlice<JudgedChain>) -> Double {
        share(chains.count { $0.correct == true }, of: chains.count) ?? 0
    }
}
