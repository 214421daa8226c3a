// An order in which anyone may leave from anywhere.
//
// Own code because no library queue also removes from the middle: a list linked by numbers, every change in constant time.

/// Numbers in the order in which they came, each at most once.
package struct Line: Sendable {
    private struct Links: Sendable {
        var previous: Int?
        var next: Int?
    }

    private var links: [Int: Links] = [:]
    package private(set) var first: Int?
    private var last: Int?

    package init() {}

    package var isEmpty: Bool { first == nil }
    package var count: Int { links.count }

    package func contains(_ number: Int) -> Bool { links[number] != nil }

    /// Who stands behind `number`.
    package func next(after number: Int) -> Int? { links[number]?.next }

    package mutating func append(_ number: Int) {
        precondition(links[number] == nil, "a number stands in a line once")
        links[number] = Links(previous: last, next: nil)
        join(last, number)
        join(number, nil)
    }

    /// False where it did not stand here.
    @discardableResult
    package mutating func remove(_ number: Int) -> Bool {
        guard let gap = links.removeValue(forKey: number) else { return false }
        join(gap.previous, gap.next)
        return true
    }

    /// Makes two neighbours; nil stands for the end of the line.
    private mutating func join(_ previous: Int?, _ next: Int?) {
        if let previous { links[previous]?.next = next } else { first = next }
        if let next { links[next]?.previous = previous } else { last = previous }
    }
}
