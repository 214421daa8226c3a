// The page for people, and what its browser may do.
import HTTPTypes
import Serving

/// Three files and not one: nothing inline is left to allow, and no hash has to follow each change of a script.
extension Service {
    /// `/`: for a person who opens the address in a browser.
    func page(_ call: Call) async throws -> Response { Self.part(PackageResources.index_html, "text/html") }

    func pageStyle(_ call: Call) async throws -> Response { Self.part(PackageResources.page_css, "text/css") }

    func pageScript(_ call: Call) async throws -> Response { Self.part(PackageResources.page_js, "text/javascript") }

    /// What Content Security Policy 3 and Trusted Types let a browser do: run this server's script and ask this server.
    ///
    /// `data:` is the icon. No policy may make HTML out of text, so that innerHTML and its like throw.
    private static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src data:",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ].joined(separator: "; ")

    private static func part(_ bytes: [UInt8], _ type: String) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "\(type); charset=utf-8",
                .contentSecurityPolicy: policy,
                // An answer of the API is never a script, whatever is in it.
                .xContentTypeOptions: "nosniff",
                // The address may have a key in it.
                .referrerPolicy: "no-referrer",
                // A new binary's page with the old one's script would be neither.
                .cacheControl: "no-cache",
            ],
            body: bytes
        )
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = known("Referrer-Policy")
}
