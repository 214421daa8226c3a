// Why a request is answered with an error, and its shape.
import HTTPTypes
import JSON
import Scoring
import Serving

/// Why a request, or one rollout of it, is answered with an error.
enum APIError: Error, Equatable {
    case refusal(Refusal)
    case unknownPath
    case methodNotAllowed(allowed: [String])
    case mediaType(String)
    case contentCoding(String)
    case notJSON(JSONError)
    case missingField(String)
    case wrongField(String, expected: String)
    case unknownField(String, known: [String])
    case conflictingFields(String, String)
    case notServed(String)
    case unknownModel(String, served: String)
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

    func response(requestID: String) -> Response {
        var writer = JSONWriter()
        writer.openObject()
        writer.key("error")
        write(to: &writer)
        writer.member("request_id", requestID)
        writer.closeObject()
        var response = Response.json(writer.bytes, status: status)
        if !allowed.isEmpty { response.headers[.allow] = allowed.joined(separator: ", ") }
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
