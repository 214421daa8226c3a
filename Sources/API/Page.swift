// The pages for people, and what their browser may do.
import HTTPTypes
import Serving

/// One file of the pages; each is a file so that nothing inline is left to allow, and no hash has to follow a change.
struct PagePart: Sendable {
    let path: String
    /// What it is, without the character set, which is UTF-8.
    private let type: String
    private let bytes: [UInt8]

    private init(_ path: String, _ type: String, _ bytes: [UInt8]) {
        self.path = path
        self.type = type
        self.bytes = bytes
    }

    private static func script(_ path: String, _ bytes: [UInt8]) -> PagePart {
        PagePart(path, "text/javascript", bytes)
    }

    /// `/` scores a rollout, `/methods` plays the credit methods; both ask the server by `/service.js`.
    static let all: [PagePart] = [
        PagePart("/", "text/html", PackageResources.index_html),
        PagePart("/page.css", "text/css", PackageResources.page_css),
        script("/page.js", PackageResources.page_js),
        script("/service.js", PackageResources.service_js),
        script("/figures.js", PackageResources.figures_js),
        PagePart("/methods", "text/html", PackageResources.methods_html),
        PagePart("/methods.css", "text/css", PackageResources.methods_css),
        script("/methods.js", PackageResources.methods_js),
        script("/list.js", PackageResources.list_js),
        script("/options.js", PackageResources.options_js),
        script("/examples.js", PackageResources.examples_js),
        script("/operators.js", PackageResources.operators_js),
        script("/stage.js", PackageResources.stage_js),
        script("/player.js", PackageResources.player_js),
    ]

    var response: Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "\(type); charset=utf-8",
                .contentSecurityPolicy: Self.policy,
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

    /// What Content Security Policy 3 and Trusted Types let a browser do: run this server's script and ask this server.
    ///
    /// `data:` is the icon. No policy may make HTML out of text, so that innerHTML and its like throw.
    private static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src data:",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ].joined(separator: "; ")
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = known("Referrer-Policy")
}
