// Who is compared with whom: the numbers of each scope.
//
// Millions of tokens may stand in a scope each: no number has memory of its own but its place.

/// The present numbers of some rows, those of one scope beside each other and in their order.
struct Scopes {
    struct Member {
        private let rowBits: UInt32
        private let placeBits: UInt32

        /// Both are below `Plan.mostNumbers`.
        fileprivate init(row: Int, place: Int) {
            (rowBits, placeBits) = (UInt32(truncatingIfNeeded: row), UInt32(truncatingIfNeeded: place))
        }

        var row: Int { Int(rowBits) }
        var place: Int { Int(placeBits) }
    }

    private let members: [Member]
    /// Where the members of each scope begin, and where the last ones end.
    private let bounds: [Int]

    init(of rows: [[Cell]], _ scope: Scope, _ facts: CheckedFacts) {
        let numbers = ScopeNumbers(of: rows, scope, facts)
        func visit(_ work: (Member, Int) -> Void) {
            for (row, cells) in rows.enumerated() {
                for place in cells.indices where cells[place].value != nil {
                    work(Member(row: row, place: place), numbers.number(row, place))
                }
            }
        }
        var bounds = [Int](repeating: 0, count: numbers.count + 1)
        visit { bounds[$1 + 1] += 1 }
        for index in bounds.indices.dropFirst() { bounds[index] += bounds[index - 1] }
        var (ends, members) = (bounds, [Member](repeating: Member(row: 0, place: 0), count: bounds.last ?? 0))
        visit { member, number in
            members[ends[number]] = member
            ends[number] += 1
        }
        (self.members, self.bounds) = (members, bounds)
    }

    /// Those of each scope that has any.
    func forEach(_ work: (ArraySlice<Member>) -> Void) {
        for (start, end) in zip(bounds, bounds.dropFirst()) where start < end { work(members[start..<end]) }
    }
}

/// Counts scopes: equal numbers are one.
private struct ScopeNumbers {
    private(set) var count = 0
    /// Of the first place of each row.
    private var bases: [Int] = []
    private var areApart = false
    /// Of each place, where what is said of the steps decides.
    private var table: [[Int]]?

    private struct Key: Hashable {
        let rollouts: Int
        let place: Int
        var isAlone = false
    }

    init(of rows: [[Cell]], _ scope: Scope, _ facts: CheckedFacts) {
        switch scope {
        case .batch: (bases, count) = (rows.map { _ in 0 }, 1)
        case .rollout: (bases, count) = (Array(rows.indices), rows.count)
        case .prompt: countGroups(facts.groups) { _ in 1 }
        case .position:
            var widths: [Int: Int] = [:]
            for (group, row) in zip(facts.groups, rows) { widths[group] = max(widths[group] ?? 0, row.count) }
            countGroups(facts.groups) { widths[$0] ?? 0 }
            areApart = true
        case .turn, .state:
            var numbers: [Key: Int] = [:]
            table = rows.indices.map { row in
                rows[row].indices.map { place in
                    let key = Self.key(scope, row, place, facts)
                    let number = numbers[key] ?? numbers.count
                    numbers[key] = number
                    return number
                }
            }
            count = numbers.count
        }
    }

    func number(_ row: Int, _ place: Int) -> Int {
        if let table { return table[row][place] }
        return bases[row] + (areApart ? place : 0)
    }

    private mutating func countGroups(_ groups: [Int], width: (Int) -> Int) {
        var starts: [Int: Int] = [:]
        for group in groups {
            let start = starts[group] ?? count
            if starts[group] == nil { count += width(group) }
            starts[group] = start
            bases.append(start)
        }
    }

    private static func key(_ scope: Scope, _ row: Int, _ place: Int, _ facts: CheckedFacts) -> Key {
        let (group, own) = (facts.groups[row], facts.rollouts[row].facts)
        if scope == .turn { return Key(rollouts: group, place: own.turns?[place] ?? place) }
        // A step whose state nobody told is alone.
        return own.states.map { Key(rollouts: group, place: $0[place]) }
            ?? Key(rollouts: row, place: place, isAlone: true)
    }
}
