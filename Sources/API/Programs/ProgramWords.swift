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

/// The words of `weights`' `by`.
enum WeightsWord: String, CaseIterable {
    case uniform
    case softmin
    case hardmin
    case last
    case reciprocal
    case linearDecay = "linear_decay"
}

/// The words of `weights`' `sum`.
enum SumWord: String, CaseIterable {
    case one
    case count
}

/// The words of `pool`'s `by`.
enum PooledWord: String, CaseIterable {
    case weighted
    case sum
    case mean
    case min
    case max
    case last
    case product
    case geometricMean = "geometric_mean"
    case softmin
}

/// The words of `contribution`'s `to`.
enum ContributionWord: String, CaseIterable {
    case weighted
    case all
    case last
}

/// The words of `centre`'s `by`.
enum CentreWord: String, CaseIterable {
    case mean
    case others
    case otherMeans = "other_means"
    case rloo
    case otherTokens = "other_tokens"
    case otherPadded = "other_padded"
    case tree
}
