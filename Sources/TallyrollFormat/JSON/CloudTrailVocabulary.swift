/// What a CloudTrail record is about, as far as its kind decides.
package struct CloudTrailKind {
    /// `eventSource` without `.amazonaws.com`.
    package var service: ByteView
    package var eventName: ByteView
    package var isServiceEvent = false
    package var isDataEvent = false
    /// `readOnly`, or nil where the record does not say.
    package var readOnly: Bool?
}

/// Which event type a CloudTrail record becomes. The first row that fits decides:
///
/// | record | event type |
/// |---|---|
/// | `iam:CreateAccessKey` | `api_key_create` |
/// | `iam:DeleteAccessKey` | `api_key_revoke` |
/// | anything of `signin`; `sts:AssumeRole…`, `sts:Get…Token`; `ConsoleLogin` of any service | `authentication` |
/// | `secretsmanager:GetSecretValue`, `…:BatchGetSecretValue`; `ssm:GetParameter…`; `kms:Decrypt`; `ec2:GetPasswordData` | `secret_access` |
/// | `ssm:SendCommand`, `ssm:StartSession` | `tool_execution` |
/// | `eventType` `AwsServiceEvent` | `system_event` |
/// | `readOnly` true; without `readOnly`, a name that begins with Get, List, Describe, Head, Lookup, Search, Scan, Query, BatchGet | `resource_access` |
/// | data events (`eventCategory` `Data`) | `resource_access` |
/// | anything else of `iam`, `organizations`, `cloudtrail`, `sso`, `identitystore` | `admin_action` |
/// | the rest: create, put, delete, update and their like | `config_change` |
package enum CloudTrailVocabulary {
    package static func eventType(_ kind: CloudTrailKind) -> StaticString {
        if let type = namedType(kind) { return type }
        if kind.isServiceEvent { return "system_event" }
        if kind.readOnly ?? readsByName(kind.eventName) { return "resource_access" }
        if kind.isDataEvent { return "resource_access" }
        return administers(kind.service) ? "admin_action" : "config_change"
    }

    /// The types that service and name decide alone.
    private static func namedType(_ kind: CloudTrailKind) -> StaticString? {
        let name = kind.eventName
        let service = kind.service
        if service.says("signin") || name.says("ConsoleLogin") { return "authentication" }
        if service.says("iam") {
            if name.says("CreateAccessKey") { return "api_key_create" }
            if name.says("DeleteAccessKey") { return "api_key_revoke" }
        } else if service.says("sts") {
            let isToken = name.says("GetSessionToken") || name.says("GetFederationToken")
            if isToken || name.begins(with: "AssumeRole") { return "authentication" }
        } else if service.says("secretsmanager") {
            if name.says("GetSecretValue") || name.says("BatchGetSecretValue") { return "secret_access" }
        } else if service.says("ssm") {
            if name.begins(with: "GetParameter") { return "secret_access" }
            if name.says("SendCommand") || name.says("StartSession") { return "tool_execution" }
        } else if service.says("kms") {
            if name.says("Decrypt") { return "secret_access" }
        } else if service.says("ec2") {
            if name.says("GetPasswordData") { return "secret_access" }
        }
        return nil
    }

    private static func readsByName(_ name: ByteView) -> Bool {
        name.begins(with: "Get") || name.begins(with: "List") || name.begins(with: "Describe")
            || name.begins(with: "Head") || name.begins(with: "Lookup") || name.begins(with: "Search")
            || name.begins(with: "Scan") || name.begins(with: "Query") || name.begins(with: "BatchGet")
    }

    private static func administers(_ service: ByteView) -> Bool {
        service.says("iam") || service.says("organizations") || service.says("cloudtrail")
            || service.says("sso")
            || service.says("identitystore")
    }
}
