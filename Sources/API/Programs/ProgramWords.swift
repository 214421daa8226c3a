// How operators with parameters are spelt in JSON.

/// The words of `map`'s `by`.
enum MappingWord: String, CaseIterable {
    case affine
    case clip
    case exp
    case log
    case sigmoid
    case threshold
    case bestOf = "best_of"
    case absolute
    case power
    case times
    case least
    case most
}

/// The words of `weights`' `sum`.
enum SumWord: String, CaseIterable {
    case one
    case count
}

/// The words of `contribution`'s `to`.
enum ContributionWord: String, CaseIterable {
    case weighted
    case all
    case last
}
