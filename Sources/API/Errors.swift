// Why a request is answered with an error, and its shape.
import Crediting
import HTTPTypes
import JSON
import Scoring
import Serving
import Transcripts

/// Why a request, or one rollout of it, is answered with an error.
enum APIError: Error, Equatable {
    case refusal(Refusal)
    /// `Refusal.crowded` of a queue that is known.
    case crowded(retryAfterSeconds: Int)
    case unknownPath
    case methodNotAllowed(allowed: [String])
    case mediaType
    case notJSON(JSONError)
    case missingField(String)
    case wrongField(String, expected: String)
    case unknownField(String, known: [String])
    case conflictingFields(String, String)
    /// What we do not serve, with what serves in its place.
    case notServed(String, instead: String)
    /// A response came without what it answers.
    case noPrompt(String)
    case transcript(TranscriptError, param: String)
    case denied(Denial)
    case deadline(retryAfterSeconds: Double)
    case unknownModel(served: String)
    case notReady(Trouble)
    case reload(ReloadError)
    /// A method that makes no number of a rollout, whose place in the request is told.
    case noReward(Int, Reason, param: String)
    /// A signal that no rollout has and nothing here computes; `param` is the method or the operator.
    case lacksSignal(SignalLack, param: String)
    case scoring(ScoringError, param: String?)
    case unexpected(String)
}

/// An error as a caller reads it: DESIGN.md section 3, the shape of OpenAI's.
struct ErrorWords: Equatable {
    let status: HTTPResponse.Status
    /// `invalid_request_error` where the caller can mend it, else `server_error` or `overloaded_error`.
    var type = "invalid_request_error"
    let code: String
    let message: String
    var param: String?
    var retryAfterSeconds: Int?
    var allowed: [String] = []
    var contentCodings: [String] = []

    /// - Parameter isPlain: the open inference protocol's form, in which the error is its message.
    func response(requestID: String, isPlain: Bool = false) -> Response {
        var writer = JSONWriter()
        writer.openObject()
        writer.key("error")
        if isPlain { writer.string(message) } else { write(to: &writer) }
        if !isPlain { writer.member("request_id", requestID) }
        writer.closeObject()
        var response = Response.json(writer.bytes, status: status)
        if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        if !allowed.isEmpty { response.headers[.allow] = allowed.joined(separator: ", ") }
        // RFC 7694 section 3: what a body may be sent in.
        if !contentCodings.isEmpty { response.headers[.acceptEncoding] = contentCodings.joined(separator: ", ") }
        if let retryAfterSeconds { response.headers[.retryAfter] = String(retryAfterSeconds) }
        return response
    }

    /// The object under "error". It never has a key that a trainer could read as rewards.
    func write(to writer: inout JSONWriter) {
        writer.openObject()
        writer.member("message", message)
        writer.member("type", type)
        writer.member("param", param)
        writer.member("code", code)
        writer.closeObject()
    }
}
