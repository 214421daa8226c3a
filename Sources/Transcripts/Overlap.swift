// How much of a shortened prompt a text still has.

/// The length of the longest beginning of `text` that is an end of `prompt`.
///
/// Knuth, Morris and Pratt (1977): the prompt is read once, with the text's beginning as the pattern.
func overlap(of prompt: [UInt8], with text: ArraySlice<UInt8>) -> Int {
    let pattern = Array(text.prefix(prompt.count))
    guard !pattern.isEmpty else { return 0 }
    var borders = [0]
    borders.reserveCapacity(pattern.count)
    /// The longest beginning of the pattern that ends in `byte`, where the first `length` bytes fitted before.
    func extended(_ length: Int, by byte: UInt8) -> Int {
        var length = length
        while length > 0, length == pattern.count || pattern[length] != byte { length = borders[length - 1] }
        return pattern[length] == byte ? length + 1 : 0
    }
    for byte in pattern.dropFirst() { borders.append(extended(borders[borders.count - 1], by: byte)) }
    var length = 0
    for byte in prompt { length = extended(length, by: byte) }
    return length
}
